"""The ledgers of stations and underpasses: what a model does not say of them."""

from __future__ import annotations

from citymains.intake.ledger import LedgerField, LedgerKind
from citymains.intake.ledger_kinds import register_ledger_kind
from citymains.model.table import ColumnSpec, Kind


def _depth(name: str, text: str, *headings: str) -> LedgerField:
    return LedgerField(ColumnSpec(name, Kind.FLOAT, text), headings, minimum=0.0, maximum=100.0)


STATIONS = LedgerKind(
    "pump_stations",
    "Pumps of the stations, one row each; what is empty is taken from the model or the rules.",
    (
        LedgerField(
            ColumnSpec("pump", Kind.TEXT, "Id of the pump in the model."), ("水泵编号", "水泵"), required=True
        ),
        LedgerField(
            ColumnSpec("station", Kind.TEXT, "Name of its station."), ("泵站", "泵站名称"), required=True
        ),
        LedgerField(
            ColumnSpec("receiving", Kind.TEXT, "Name of the water it pumps into."), ("受纳水体", "排入")
        ),
        LedgerField(
            ColumnSpec("receiving_kind", Kind.TEXT, "river or sewer."),
            ("受纳类型",),
            choices={
                **dict.fromkeys(("river", "河道", "河", "水体", "江", "湖"), "river"),
                **dict.fromkeys(("sewer", "污水管", "污水厂", "管网", "截流管"), "sewer"),
            },
        ),
        LedgerField(
            ColumnSpec(
                "receiving_max_m3_per_s", Kind.FLOAT, "Largest pumped flow the receiving water may get."
            ),
            ("受纳限值", "最大允许流量"),
            minimum=0.0,
        ),
        _depth(
            "dry_run_depth_m",
            "Depth at and below which the station is locked out.",
            "停泵最低水深",
            "干运转水深",
        ),
        _depth("emergency_depth_m", "Depth at and above which every pump runs.", "应急水深", "高警水深"),
        _depth("start_depth_m", "Start level of the operator's rule, instead of the model's.", "启泵水深"),
        _depth("stop_depth_m", "Stop level of the operator's rule, instead of the model's.", "停泵水深"),
        LedgerField(
            ColumnSpec("min_run_s", Kind.FLOAT, "Shortest run."),
            ("最短运行时间",),
            minimum=0.0,
            maximum=86_400.0,
        ),
        LedgerField(
            ColumnSpec("min_stop_s", Kind.FLOAT, "Shortest stop."),
            ("最短停机时间",),
            minimum=0.0,
            maximum=86_400.0,
        ),
        LedgerField(
            ColumnSpec("starts_per_h", Kind.FLOAT, "Most starts in an hour."),
            ("每小时启动次数",),
            minimum=1,
            maximum=60,
        ),
        LedgerField(
            ColumnSpec("efficiency_percent", Kind.FLOAT, "Overall efficiency of pump and motor."),
            ("效率",),
            minimum=1.0,
            maximum=100.0,
        ),
        LedgerField(ColumnSpec("contact", Kind.TEXT, "Who is called."), ("联系人", "责任人", "值班电话")),
        LedgerField(ColumnSpec("duties", Kind.TEXT, "What the crew does."), ("职责", "处置措施", "任务")),
    ),
)
UNDERPASSES = LedgerKind(
    "underpasses",
    "Underpasses and culverts whose water level is watched.",
    (
        LedgerField(
            ColumnSpec("underpass", Kind.TEXT, "Name of the underpass."),
            ("下穿", "下穿通道", "下立交", "涵洞", "名称"),
            required=True,
            unique=True,
        ),
        LedgerField(
            ColumnSpec("node", Kind.TEXT, "Id of the node whose depth is the water on the road."),
            ("水位节点", "节点", "节点编号"),
            required=True,
        ),
        _depth("yellow_m", "Depth from which traffic slows.", "黄色水深", "预警水深"),
        _depth("red_m", "Depth from which the road is closed.", "红色水深", "封闭水深"),
        LedgerField(ColumnSpec("station", Kind.TEXT, "Station that keeps it dry."), ("泵站",)),
        LedgerField(ColumnSpec("contact", Kind.TEXT, "Who is called."), ("联系人", "责任人", "值班电话")),
        LedgerField(
            ColumnSpec("duties", Kind.TEXT, "What is done when it floods."), ("职责", "处置措施", "任务")
        ),
    ),
)
for _kind in (STATIONS, UNDERPASSES):
    register_ledger_kind(_kind)
