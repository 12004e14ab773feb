"""What is said about gas and heating network files, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        "PIPES_JSON_MALFORMED": Text(
            "The JSON is damaged at line {line}, column {field}: {value}.",
            "JSON 在第 {line} 行第 {field} 列有错误:{value}。",
            "Export the file again, or mend the place named.",
            "请重新导出文件,或修正所指位置。",
        ),
        "PIPES_JSON_DUPLICATE_KEY": Text(
            "The name {field} stands twice in one JSON object.",
            "同一 JSON 对象中名称 {field} 出现两次。",
            "Keep one of them.",
            "请只保留一个。",
        ),
        "PIPES_JSON_TOO_DEEP": Text(
            "The JSON is nested deeper than any network is.",
            "JSON 嵌套层级过深,不是管网模型。",
            "Export the network again.",
            "请重新导出管网。",
        ),
        "PIPES_VERSION": Text(
            "The file has version {value} of the format; {limit} is read.",
            "文件格式版本为 {value},可读取版本为 {limit}。",
            "Update citymains, or export in that version.",
            "请升级 citymains,或以该版本导出。",
        ),
        "PIPES_HEADER": Text(
            "The header's {field} is {value}; it has to be {limit}.",
            "文件头 {field} 为 {value},应为 {limit}。",
            "Mend the header as docs/pandapipes-json.md shows.",
            "请按 docs/pandapipes-json.md 修正文件头。",
        ),
        "PIPES_WRONG_UTILITY": Text(
            "This is a {value} network; it was given to {limit}.",
            "这是 {value} 管网,却提供给了 {limit} 专业。",
            "Load it with the utility it belongs to.",
            "请用其所属专业导入。",
        ),
        "PIPES_TABLE_UNKNOWN": Text(
            "There is no element table {section}; known: {limit}.",
            "没有元件表 {section},可用:{limit}。",
            "Check the spelling of the table's name.",
            "请检查表名拼写。",
        ),
        "PIPES_TABLE_SHAPE": Text(
            "The table {section} is not a table: {value}.",
            "表 {section} 结构不正确:{value}。",
            "Give rows of equal columns, or columns of equal length.",
            "请提供列一致的行,或长度一致的列。",
        ),
        "PIPES_TABLE_UNSUPPORTED": Text(
            "{section} has {value} elements that a {limit} network cannot be calculated with.",
            "{section} 含 {value} 个元件,{limit} 管网无法计算这类元件。",
            "Replace them (a mass storage by a sink or an infeed) or take them out.",
            "请替换(如用用户或气源代替储罐)或删除。",
        ),
        "PIPES_TABLE_IGNORED": Text(
            "The table {section} ({value} rows) has no meaning for the calculation and was left out.",
            "表 {section}({value} 行)与计算无关,已忽略。",
            "Nothing to do, unless results depend on it.",
            "如计算不依赖该表则无需处理。",
        ),
        "PIPES_COLUMN_UNKNOWN": Text(
            "The table has no column {field}; known: {limit}.",
            "该表没有列 {field},可用:{limit}。",
            "Check the spelling; columns have their unit in the name.",
            "请检查拼写,列名包含单位。",
        ),
        "PIPES_COLUMNS_IGNORED": Text(
            "Columns without meaning for the calculation were left out: {value}.",
            "与计算无关的列已忽略:{value}。",
            "Nothing to do, unless results depend on them.",
            "如计算不依赖这些列则无需处理。",
        ),
        "PIPES_OBJECT_IGNORED": Text(
            "An embedded object {value} was not read: model files are data, never code.",
            "嵌入对象 {value} 未读取:模型文件只作数据,不作代码。",
            "Nothing to do, unless the network depends on it.",
            "如管网不依赖该对象则无需处理。",
        ),
        "PIPES_ID_EMPTY": Text(
            "Row {value} has no id.",
            "第 {value} 行没有标识。",
            "Give every element an id.",
            "请为每个元件提供标识。",
        ),
        "PIPES_ID_UNPRINTABLE": Text(
            "The text {value} holds control characters or broken Unicode.",
            "文本 {value} 含控制字符或损坏的 Unicode。",
            "Write it in printable characters of any script.",
            "请使用可打印字符(任何文字均可)。",
        ),
        "PIPES_ID_DUPLICATE": Text(
            "The id {element} is used {value} times.",
            "标识 {element} 使用了 {value} 次。",
            "Give every element of a kind an id of its own.",
            "请为同类元件分配唯一标识。",
        ),
        "PIPES_ID_MADE": Text(
            "{value} elements share a name with others and got ids like {element}.",
            "{value} 个元件名称重复,已赋予 {element} 形式的标识。",
            "Give unique names if the ids matter to you.",
            "如需固定标识,请使用唯一名称。",
        ),
        "PIPES_LENGTH_RAISED": Text(
            "The pipe {element} had no length and was given {limit} m.",
            "管道 {element} 长度为零,已按 {limit} m 处理。",
            "Give its true length, or join its two ends.",
            "请给出实际长度,或合并两端节点。",
        ),
        "PIPES_STORE_AS_FLOW": Text(
            "The mass storage {element} with {value} kg/s was taken as one of the {limit}.",
            "储罐 {element}({value} kg/s)按 {limit} 处理。",
            "Nothing to do for a single moment in time.",
            "对单一时刻的计算无需处理。",
        ),
        "PIPES_FIELD_MISSING": Text(
            "{element} has no {field}.", "{element} 缺少 {field}。", "Give a value.", "请提供该值。"
        ),
        "PIPES_NOT_A_NUMBER": Text(
            "{field} of {element} is {value}, which is not a {limit}.",
            "{element} 的 {field} 为 {value},不是 {limit}。",
            "Write a plain value of that kind.",
            "请填写该类型的值。",
        ),
        "PIPES_NOT_FINITE": Text(
            "{field} of {element} is {value}.",
            "{element} 的 {field} 为 {value}。",
            "Give a finite number, or null where the value may be missing.",
            "请提供有限数值;允许缺省处可用 null。",
        ),
        "PIPES_OUT_OF_RANGE": Text(
            "{field} of {element} is {value}; allowed: {limit}.",
            "{element} 的 {field} 为 {value},允许:{limit}。",
            "Check value and unit: the unit stands in the column's name.",
            "请检查数值与单位,单位见列名。",
        ),
        "PIPES_DIAMETER_IN_METRES": Text(
            "{field} of {element} is {value} mm, thinner than any pipe: probably metres.",
            "{element} 的 {field} 为 {value} mm,小于任何管道,可能单位为米。",
            "Diameters are in mm: multiply by 1000.",
            "管径单位为 mm,请乘以 1000。",
        ),
        "PIPES_UNUSUAL": Text(
            "{field} of {element} is {value}; usual: {limit}. Perhaps another unit.",
            "{element} 的 {field} 为 {value},通常 {limit},可能单位不符。",
            "Check the unit: it stands in the column's name.",
            "请检查单位,单位见列名。",
        ),
        "PIPES_PRESSURE_ABSOLUTE": Text(
            "{field} of {element} is {value} kPa, just above one atmosphere: perhaps an absolute pressure.",
            "{element} 的 {field} 为 {value} kPa,略高于一个大气压,可能是绝对压力。",
            "Pressures are gauge: subtract 101.325 kPa from an absolute one.",
            "压力为表压;若为绝对压力请减去 101.325 kPa。",
        ),
        "PIPES_REFERENCE": Text(
            "{element} names the {limit} {value} in {field}, which does not exist.",
            "{element} 的 {field} 引用的 {limit} {value} 不存在。",
            "Add the missing element or mend the reference.",
            "请补充缺失元件或修正引用。",
        ),
        "PIPES_SELF_LOOP": Text(
            "{element} starts and ends at {value}.",
            "{element} 起点与终点同为 {value}。",
            "Give it two different ends, or delete it.",
            "请指定不同的两端,或删除该元件。",
        ),
        "PIPES_VALVE_OFF_PIPE": Text(
            "The valve {element} sits on the pipe {value}, which does not end at {limit}.",
            "阀门 {element} 位于管道 {value},但该管道端点不是 {limit}。",
            "Give an end of that pipe as from_node.",
            "请将该管道的端点作为 from_node。",
        ),
        "PIPES_OUTER_DIAMETER": Text(
            "The outer diameter of {element}, {value} mm, is less than the inner one, {limit} mm.",
            "{element} 外径 {value} mm 小于内径 {limit} mm。",
            "Exchange or correct the two.",
            "请交换或修正两个直径。",
        ),
        "PIPES_PRESSURE_CLASS": Text(
            "{element} has the unknown pressure class {value}; known: {limit}.",
            "{element} 的压力级制 {value} 未知,可用:{limit}。",
            "Use one of the names, or leave it empty.",
            "请使用列出的名称,或留空。",
        ),
        "PIPES_NO_SOURCE": Text(
            "Nothing in the network holds a pressure, so nothing can be calculated.",
            "管网中没有定压点,无法计算。",
            "Give at least one element in service in: {limit}.",
            "请至少提供一个投运的元件:{limit}。",
        ),
        "PIPES_DISCONNECTED": Text(
            "{value} junctions around {element} have no connection to any source.",
            "{element} 附近的 {value} 个节点与任何气源/热源不连通。",
            "Add the missing link, or take the part out of service.",
            "请补充缺失的连接,或将该部分停用。",
        ),
        "PIPES_REGULATOR_NO_UPSTREAM": Text(
            "Nothing feeds the regulator {element}: its inlet {value} is reached from no source.",
            "调压器 {element} 无上游:入口 {value} 不与任何气源连通。",
            "Turn the regulator round, or connect its inlet.",
            "请检查调压器方向,或连接其入口。",
        ),
        "PIPES_TWO_SET_POINTS": Text(
            "The pressure at {element} is set twice: {value}.",
            "节点 {element} 的压力被设定两次:{value}。",
            "Keep one; give a standby a lower set point at a junction of its own.",
            "请保留一个;备用设备应在另一节点设较低的设定值。",
        ),
        "PIPES_COMPRESSOR_TARGET": Text(
            "The compressor {element} needs either a pressure ratio or an outlet pressure (given: {value}).",
            "压缩机 {element} 须给出压比或出口压力之一(现有:{value})。",
            "Give pressure_ratio or outlet_pressure_kpa, not both.",
            "请给出 pressure_ratio 或 outlet_pressure_kpa,二者择一。",
        ),
        "PIPES_DUTY_STANDBY": Text(
            "Several regulators hold the pressure at {element}: {limit} is on duty, {value} on standby.",
            "多台调压器控制节点 {element} 的压力:{limit} 为工作,{value} 为备用。",
            "Nothing to do if they are duty and standby; otherwise keep one.",
            "如为一用一备则无需处理,否则请保留一台。",
        ),
        "PIPES_FRICTION_FACTOR": Text(
            "The pipe {element} has a friction factor of its own ({value}), which only gas networks take.",
            "管道 {element} 给出了摩阻系数({value}),仅燃气管网支持。",
            "Give its roughness instead.",
            "请改为给出粗糙度。",
        ),
        "PIPES_CONSUMER_SET_POINTS": Text(
            "The consumer {element} has {value} set points; exactly two are needed: {limit}.",
            "热用户 {element} 有 {value} 个设定值,需恰好两个:{limit}。",
            "Give for example heat_kw and return_temperature_c.",
            "例如给出 heat_kw 与 return_temperature_c。",
        ),
        "PIPES_FLUID_UNKNOWN": Text(
            "The fluid {value} is not known; known: {limit}.",
            "流体 {value} 未知,可用:{limit}。",
            "Use one of the names, or give the fluid's properties.",
            "请使用列出的名称,或给出流体物性。",
        ),
        "PIPES_FLUID_PHASE": Text(
            "The fluid {element} is a {value}; this utility moves a {limit}.",
            "流体 {element} 为 {value},本专业介质应为 {limit}。",
            "Give a fluid of that phase, or load the file with the other utility.",
            "请提供相应相态的流体,或用另一专业导入。",
        ),
        "PIPES_FLUID_PROPERTY": Text(
            "The property {field} of {element} is {value}; expected: {limit}.",
            "{element} 的物性 {field} 为 {value},应为:{limit}。",
            "Give the property as docs/pandapipes-json.md shows.",
            "请按 docs/pandapipes-json.md 给出物性。",
        ),
    }
)
