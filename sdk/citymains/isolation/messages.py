"""What isolation can find, in English and Chinese."""

from citymains.messages import Text, register_messages

register_messages(
    {
        "ISOLATION_NO_TARGET": Text(
            "Nothing is named that is to be isolated.",
            "未指明要隔离的对象。",
            "Give pipes=, nodes= or polygon=.",
            "请给出 pipes=、nodes= 或 polygon=。",
        ),
        "ISOLATION_EMPTY_POLYGON": Text(
            "No pipe and no node lies inside the polygon.",
            "多边形内没有管段和节点。",
            "Check the coordinates and their reference system.",
            "请检查坐标及坐标系。",
        ),
        "ISOLATION_POLYGON": Text(
            "A polygon needs three corners, as x1, y1, x2, y2, ...; {value} numbers were given.",
            "多边形至少需要三个顶点(x1, y1, x2, y2, …),实际给出 {value} 个数。",
            "Give all corners in the network's coordinates.",
            "请按管网坐标给出全部顶点。",
        ),
        "ELEMENT_UNKNOWN": Text(
            "The network has no {field} {value}.",
            "管网中没有{field} {value}。",
            "Check the id.",
            "请检查编号。",
        ),
        "VALVE_NOT_ON_LINK": Text(
            "The valve {element} stands next to {value}, which is no end of {limit}.",
            "阀门 {element} 的相邻节点 {value} 不是 {limit} 的端点。",
            "Give one of the link's two end nodes.",
            "请填写该管段两端节点之一。",
        ),
        "VALVES_ON_ONE_END": Text(
            "Two valves stand at the same end of {limit}: {element} and {value}.",
            "{limit} 的同一端有两个阀门:{element} 和 {value}。",
            "Remove one, or give it the other end node.",
            "请删除其一,或改填另一端节点。",
        ),
        "ISOLATION_NOT_TIGHT": Text(
            "The isolated part holds the source {element}: shutting valves alone does not take it out of service.",
            "隔离范围内有水源(气源、热源){element},仅关阀无法停输。",
        ),
        "ISOLATION_ASSUMED_VALVES": Text(
            "No valve layer is known; valves are assumed at both ends of every pipe. The true ring is larger.",
            "未提供阀门数据,按每段管道两端均有阀门推断;实际关阀范围会更大。",
        ),
        "ISOLATION_FAILED_VALVE": Text(
            "The valve {element} cannot be shut; the ring was moved outwards.",
            "阀门 {element} 无法关闭,已扩大关阀范围。",
        ),
        "ISOLATION_UNINTENDED": Text(
            "{value} nodes beyond the isolated part lose supply with it.",
            "隔离范围之外另有 {value} 个节点随之失去供应。",
        ),
        "ISOLATION_CRITICAL": Text(
            "The critical customer {element} loses supply.", "重点用户 {element} 将失去供应。"
        ),
        "ISOLATION_CUSTOMERS_UNLOCATED": Text(
            "{value} customers name an element the network does not have; they are not counted.",
            "有 {value} 个用户所接元件在管网中不存在,未计入。",
        ),
    }
)
