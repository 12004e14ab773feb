"""The formulas that ship: only those a public page was found for, each with where it was found.

None comes from memory. A page found is confidence W of docs/rules.md: check it against the
city's own notice before a design rests on it.
"""

from __future__ import annotations

from citymains.plugins.records import StormFormula

from citymains_drainage.storms.formula import IntensityFormula, RangedFormula, ZonedFormula

_CHONGQING = ZonedFormula(
    {
        "渝中": IntensityFormula.of_q(1132.0, 0.958, 5.408, 0.595),
        "江北": IntensityFormula.of_q(1111.0, 0.945, 9.713, 0.561),
        "渝北": IntensityFormula.of_q(1111.0, 0.945, 9.713, 0.561),
        "万州": IntensityFormula.of_q(1504.0, 0.945, 7.213, 0.704),
        "潼南": IntensityFormula.of_q(610.0, 0.958, 1.170, 0.504),
        "城口": IntensityFormula.of_q(2521.0, 0.997, 14.439, 0.857),
    }
)
_SHENZHEN = ZonedFormula(
    {
        "西部": RangedFormula(
            (
                (1.0, (67.931, -10.040, 0.378), (31.178, -1.281, 0.836), (0.986, -0.106, 0.247)),
                (10.0, (42.130, -4.684, 6.737), (30.239, -3.067, 4.527), (0.848, -0.068, 3.422)),
            )
        )
    }
)
_MINUTE_S = 60.0


def formulas() -> list[StormFormula]:
    """The records of the hook `citymains_storm_formulas`."""
    return [
        StormFormula(
            name="beijing-classic",
            title_en="Beijing, zone II, classic set",
            title_zh="北京 二区 经典公式",
            jurisdiction="北京市",
            aliases=("beijing", "北京"),
            depth_mm=IntensityFormula.of_q(2001.0, 0.811, 8.0, 0.711).depth_mm,
            zones=("II",),
            return_period_a=(1.0, 10.0),
            duration_s=(5 * _MINUTE_S, 120 * _MINUTE_S),
            edition="classic, t <= 120 min",
            document="DB11/T 969 草案介绍材料(公开网页)",
            confidence="W",
        ),
        StormFormula(
            name="chongqing-2017",
            title_en="Chongqing by district, 2017",
            title_zh="重庆 分区 2017",
            jurisdiction="重庆市",
            aliases=("chongqing", "重庆"),
            depth_mm=_CHONGQING.depth_mm,
            zones=tuple(_CHONGQING.zones),
            edition="2017",
            document="渝建〔2017〕443号(公开代码库转录;全部38个分区中的6个)",
            confidence="W",
        ),
        StormFormula(
            name="shenzhen-2024",
            title_en="Shenzhen, western basin, 2024",
            title_zh="深圳 西部流域 2024",
            jurisdiction="广东省/深圳市",
            aliases=("shenzhen", "深圳"),
            depth_mm=_SHENZHEN.depth_mm,
            zones=tuple(_SHENZHEN.zones),
            return_period_a=(1.0, 100.0),
            duration_s=(5 * _MINUTE_S, 180 * _MINUTE_S),
            edition="2024",
            document="深圳市暴雨强度公式(2024,公开代码库转录官方表)",
            confidence="W",
        ),
        StormFormula(
            name="nanning-former",
            title_en="Nanning, replaced in 2025",
            title_zh="南宁 旧公式(2025年已替换)",
            jurisdiction="广西壮族自治区/南宁市",
            aliases=("nanning", "南宁"),
            depth_mm=IntensityFormula.of_q(1750.0, 0.740, 10.4, 0.730).depth_mm,
            edition="before 2025",
            document="公开代码库转录",
            confidence="W",
        ),
        StormFormula(
            name="haikou",
            title_en="Haikou",
            title_zh="海口",
            jurisdiction="海南省/海口市",
            aliases=("海口",),
            depth_mm=IntensityFormula.of_q(1330.0, 0.780, 7.5, 0.680).depth_mm,
            document="公开代码库转录",
            confidence="W",
        ),
    ]
