"""What reading a text model can find, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        "BUNDLE_UNKNOWN": Text(
            "There is no file {value}, and no network loads by this name; these do: {limit}.",
            "找不到文件 {value},也没有同名的内置管网;可按名称加载的有:{limit}。",
            "Check the path or the name.",
            "请检查路径或名称。",
        ),
        "BUNDLE_NOT_INSTALLED": Text(
            "There is no file {value}; the networks that load by name come with {field}, which is not installed.",
            "找不到文件 {value};可按名称加载的管网随 {field} 提供,但尚未安装。",
            "Check the path, or: pip install 'citymains[{limit}]'",
            "请检查路径,或运行 pip install 'citymains[{limit}]'",
        ),
        # -- lines and sections ------------------------------------------------------------
        "INP_OUTSIDE_SECTION": Text(
            "Data before the first section heading: {value}",
            "首个节标题之前出现数据:{value}",
            "Put a heading such as [JUNCTIONS] above it, or delete the line.",
            "请在其上方补充节标题(如 [JUNCTIONS])或删除该行。",
        ),
        "INP_SECTION_UNKNOWN": Text(
            "There is no section {value} in the {limit} format.",
            "{limit} 格式中没有节 {value}。",
            "Check the spelling of the heading, or remove the section.",
            "请检查节标题拼写,或删除该节。",
        ),
        "INP_SECTION_ABBREVIATED": Text(
            "The heading {value} was read as {limit}.", "节标题 {value} 按 {limit} 读取。"
        ),
        "INP_AFTER_END": Text(
            "The text after [END] was not read.",
            "[END] 之后的内容未读取。",
            "Delete what follows [END], or move it above.",
            "请删除 [END] 之后的内容,或移到其上方。",
        ),
        "INP_NO_END": Text(
            "{file} does not close with [END]; a copy cut off at a line's end looks the same.",
            "{file} 末尾没有 [END];被截断的文件看起来也是如此。",
            "Check the element counts, and add a last line [END].",
            "请核对元件数量,并在末尾补上 [END]。",
        ),
        "INP_END_UNKNOWN": Text(
            "{file} ends in {value}, and the sections that usually follow are not there: it may be cut off.",
            "{file} 在 {value} 处结束,缺少通常随后出现的节,文件可能被截断。",
            "Check the last rows of the section, and close the file with [REPORT] or [COORDINATES].",
            "请核对该节的末尾数据,并以 [REPORT] 或 [COORDINATES] 结束文件。",
        ),
        "INP_LAST_LINE_OPEN": Text(
            "The last line of {file} has no line end: it may be cut off.",
            "{file} 的最后一行没有换行符,文件可能被截断。",
            "Check the last line, and end it.",
            "请核对最后一行,并补上换行符。",
        ),
        "INP_LINE_TOO_LONG": Text(
            "The line holds {value} bytes of data; the engine reads {limit}.",
            "该行数据有 {value} 字节,引擎只读取 {limit} 字节。",
            "Break the line into several.",
            "请将该行拆成多行。",
        ),
        "INP_TOKEN_TOO_LONG": Text(
            "A word of the line has {value} characters; at most {limit} are taken.",
            "该行中有 {value} 个字符的词,最多允许 {limit} 个。",
            "Shorten it.",
            "请缩短。",
        ),
        "INP_TOKENS_IGNORED": Text(
            "The line has {value} words; the engine reads {limit}, the rest was left out.",
            "该行有 {value} 个词,引擎只读取 {limit} 个,其余已略去。",
            "Break the line into several.",
            "请将该行拆成多行。",
        ),
        "INP_ROW_BROKEN": Text(
            "The row of {element} has {value} words; the engine would read {limit}. It was broken into several rows.",
            "{element} 所在行有 {value} 个词,引擎只会读取 {limit} 个,已拆成多行。",
        ),
        "INP_QUOTE_OPEN": Text(
            "A quotation mark is not closed.", "引号未闭合。", "Close it.", "请补上引号。"
        ),
        "INP_EXTERNAL_FILE": Text(
            "The line makes the engine open the file {value}; a model may not do that.",
            "该行要求引擎打开文件 {value},模型不允许这样做。",
            "Delete the line; put the data into the model itself.",
            "请删除该行,并将数据写入模型本身。",
        ),
        "INP_LINE_DROPPED": Text(
            "The line has no effect on the calculation and was left out: {value}",
            "该行不影响计算,已略去:{value}",
        ),
        # -- elements -------------------------------------------------------------------------
        "ELEMENT_DUPLICATE": Text(
            "The id {element} is used twice; it stands in line {limit} already.",
            "标识 {element} 重复使用,第 {limit} 行已有。",
            "Rename or delete one of the two.",
            "请重命名或删除其中一个。",
        ),
        "ELEMENT_SELF_LOOP": Text(
            "{element} starts and ends at the same node {value}.",
            "{element} 的起点和终点是同一节点 {value}。",
            "Correct one of its ends.",
            "请更正其中一端。",
        ),
        "FIELD_MISSING": Text(
            "{element} has no {field}.",
            "{element} 缺少 {field}。",
            "Give the value; a column may have been lost.",
            "请补充该值,可能丢失了一列。",
        ),
        "FIELD_DEFAULTED": Text(
            "{element} has no {field}; the engine takes {value}.",
            "{element} 缺少 {field},引擎取 {value}。",
            "Give the value.",
            "请补充该值。",
        ),
        "REFERENCE_UNKNOWN": Text(
            "{element} names the {limit} {value}, which the model does not have.",
            "{element} 引用的{limit} {value} 在模型中不存在。",
            "Add it, or correct the id.",
            "请补充该对象,或更正标识。",
        ),
        "NUMBER_INVALID": Text(
            "{field} of {element} is {value}, which is not a number.",
            "{element} 的 {field} 为 {value},不是数字。",
            "Write a plain number with a decimal point.",
            "请填写带小数点的普通数字。",
        ),
        "NUMBER_COMMA": Text(
            "{field} of {element} is {value}; a comma can be a decimal mark or a separator of thousands.",
            "{element} 的 {field} 为 {value},逗号可能是小数点,也可能是千位分隔符。",
            "Write 5280 or 5.28, as it is meant.",
            "请按实际含义写成 5280 或 5.28。",
        ),
        "NUMBER_FULL_WIDTH": Text(
            "{field} of {element} was written in full-width characters, {value}, and read as {limit}.",
            "{element} 的 {field} 为全角字符 {value},按 {limit} 读取。",
        ),
        "NUMBER_NOT_FINITE": Text(
            "{field} of {element} is {value}, which is not a finite number.",
            "{element} 的 {field} 为 {value},不是有限数。",
            "Give a finite value.",
            "请给出有限值。",
        ),
        "NUMBER_OUT_OF_RANGE": Text(
            "{field} of {element} is {value}; allowed: {limit}.",
            "{element} 的 {field} 为 {value},允许范围:{limit}。",
            "Correct the value.",
            "请更正该值。",
        ),
        "CHOICE_UNKNOWN": Text(
            "{field} of {element} is {value}; allowed: {limit}.",
            "{element} 的 {field} 为 {value},允许:{limit}。",
            "Use one of these words.",
            "请使用其中之一。",
        ),
    }
)
