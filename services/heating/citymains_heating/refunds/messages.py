"""What refunds can refuse or find, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        # -- datasets ----------------------------------------------------------------------
        "REFUND_COLUMN_MISSING": Text(
            "The dataset {section} has no column {field}.",
            "数据集 {section} 缺少列 {field}。",
            "Add the column; write_templates() makes an empty file with all of them.",
            "请补充该列;write_templates() 可生成含全部列的空表。",
        ),
        "REFUND_COLUMN_UNKNOWN": Text(
            "The dataset {section} has a column {field}, which is not read; known: {limit}.",
            "数据集 {section} 的列 {field} 未被读取;可用列:{limit}。",
            "Rename the column, or remove it.",
            "请改名或删除该列。",
        ),
        "REFUND_READING_UNIT_MISSING": Text(
            "The readings have no unit: the column is named {field}.",
            "测温读数没有单位:列名为 {field}。",
            "Name the column temperature_c and give degrees Celsius.",
            "请将该列命名为 temperature_c,单位为摄氏度。",
        ),
        "REFUND_READING_UNIT_UNKNOWN": Text(
            "The unit of a reading of {element} is {value}; only {limit} is read.",
            "{element} 的读数单位为 {value},只接受 {limit}。",
            "Fill in the unit C for every reading, or convert the readings.",
            "请为每条读数填写单位 C,或先换算。",
        ),
        "REFUND_VALUE_MISSING": Text(
            "{element} has no {field}.", "{element} 缺少 {field}。", "Fill in the value.", "请补充该值。"
        ),
        "REFUND_VALUE_INVALID": Text(
            "{field} of {element} is {value}; allowed: {limit}.",
            "{element} 的 {field} 为 {value},允许:{limit}。",
            "Correct the value.",
            "请更正该值。",
        ),
        "REFUND_AREA_NOT_POSITIVE": Text(
            "The area of {element} is {value} m²; it has to be above 0.",
            "{element} 的面积为 {value} m²,必须大于 0。",
            "Correct the area in the account.",
            "请更正台账中的面积。",
        ),
        "REFUND_USER_WITHOUT_SUBSTATION": Text(
            "The user {element} belongs to no substation.",
            "用户 {element} 没有所属换热站。",
            "Name the substation that heats the user.",
            "请填写为该用户供热的换热站。",
        ),
        "REFUND_USER_UNKNOWN": Text(
            "The dataset {section} names the user {value}, who is not among the users.",
            "数据集 {section} 中的用户 {value} 不在用户表中。",
            "Add the user, or correct the number.",
            "请补充该用户,或更正户号。",
        ),
        "REFUND_USER_TWICE": Text(
            "The user {element} stands twice for {value}.",
            "用户 {element} 在 {value} 重复出现。",
            "Give valid_from and valid_to so that the rows follow one another.",
            "请用 valid_from 和 valid_to 使各行前后衔接。",
        ),
        "REFUND_ROOM_UNKNOWN": Text(
            "The dataset {section} names the room {value}, which the user {element} does not have.",
            "数据集 {section} 中的房间 {value} 不属于用户 {element}。",
            "Add the room to the dataset rooms.",
            "请在房间表中补充该房间。",
        ),
        "REFUND_SUBSTATION_UNKNOWN": Text(
            "The outage names the substation {value}, which heats no user.",
            "停热记录中的换热站 {value} 没有用户。",
            "Correct the substation.",
            "请更正换热站。",
        ),
        "REFUND_TARIFF_UNKNOWN": Text(
            "The user {element} has the tariff {value}, which is not among the tariffs.",
            "用户 {element} 的价格类别 {value} 不在价格表中。",
            "Add the tariff.",
            "请补充该价格。",
        ),
        "REFUND_TARIFF_GAP": Text(
            "The tariff {element} has no price for {value}.",
            "价格类别 {element} 在 {value} 没有价格。",
            "Give a price for every day of the season.",
            "请给出采暖期内每一天的价格。",
        ),
        "REFUND_TARIFF_OVERLAP": Text(
            "The tariff {element} has two prices for {value}.",
            "价格类别 {element} 在 {value} 有两个价格。",
            "Let each price end the day before the next begins.",
            "请使前一价格在后一价格开始的前一天结束。",
        ),
        "REFUND_PRICE_MISSING": Text(
            "The rule {limit} needs the price {field}, which the tariff {element} does not give.",
            "规则 {limit} 需要价格 {field},而价格类别 {element} 未给出。",
            "Fill in the price.",
            "请补充该价格。",
        ),
        "REFUND_OUTAGE_REVERSED": Text(
            "The outage of {element} ends at {value}, not after it begins at {limit}.",
            "{element} 的停热结束时间 {value} 不晚于开始时间 {limit}。",
            "Correct start and end.",
            "请更正开始和结束时间。",
        ),
        "REFUND_OUTAGE_OVERLAP": Text(
            "The outages of the substation {element} overlap: one begins at {value} before another ends at {limit}.",
            "换热站 {element} 的停热记录重叠:一条在 {value} 开始,而另一条到 {limit} 才结束。",
            "Merge the records or correct their times.",
            "请合并记录或更正时间。",
        ),
        "REFUND_SEASON_REVERSED": Text(
            "The season ends at {value}, not after it begins at {limit}.",
            "采暖期结束时间 {value} 不晚于开始时间 {limit}。",
            "Give the start before the end.",
            "请先写开始时间,再写结束时间。",
        ),
        "REFUND_SEASON_INVALID": Text(
            "The season {value} is not understood.",
            "无法识别采暖期 {value}。",
            "Write 2022-2023, or 2022-11-15/2023-03-15.",
            "请写成 2022-2023 或 2022-11-15/2023-03-15。",
        ),
        "REFUND_SEASON_DATES_UNKNOWN": Text(
            "The rule {element} does not say when the season {value} begins and ends.",
            "规则 {element} 未规定采暖期 {value} 的起止时间。",
            "Give the dates: 2022-11-15/2023-03-15.",
            "请给出日期:2022-11-15/2023-03-15。",
        ),
        "REFUND_ROOMS_NEEDED": Text(
            "The rule {value} refunds by room, and no rooms are given.",
            "规则 {value} 按房间退费,但没有给出房间表。",
            "Give the dataset rooms.",
            "请提供房间数据集。",
        ),
        "REFUND_METER_OVERLAP": Text(
            "The meter periods of {element} overlap on {value}.",
            "{element} 的计量期间在 {value} 重叠。",
            "Correct the periods.",
            "请更正计量期间。",
        ),
        # -- rules ---------------------------------------------------------------------------
        "REFUND_RULE_MISSING": Text(
            "No heat refund rule applies to {value} on {limit}.",
            "{value} 在 {limit} 没有适用的供热退费规则。",
            "Add a rule pack; docs/refunds.md lists what ships and what is known but not computable.",
            "请添加规则包;docs/refunds.md 列出了内置规则和已知但无法计算的规则。",
        ),
        "REFUND_RULE_KNOWN": Text(
            "{element} {field} of {value} is known and cannot be computed: {limit}.",
            "已知 {value} 的 {element} 第 {field} 条,但无法计算:{limit}。",
            "Add what is missing as a company's pack (docs/refunds.md).",
            "请以企业规则包补充所缺内容(见 docs/refunds.md)。",
        ),
        # -- findings --------------------------------------------------------------------------
        "REFUND_EVIDENCE_FLAGGED": Text(
            "{value} readings are {flag_en}; they were set aside or flagged.",
            "{value} 条读数{flag_zh},已剔除或标记。",
        ),
        "REFUND_NO_EVIDENCE": Text(
            "{value} user-days have no evidence of temperature; they are neither failing nor compliant.",
            "{value} 个户日没有温度证据,既不视为不达标,也不视为达标。",
        ),
        "REFUND_CLOCK_NOT_STARTED": Text(
            "{value} user-days were measured below the guarantee by sensors, but the rule counts only from the {start_en}.",
            "{value} 个户日的测温低于保证值,但该规则仅自{start_zh}起计。",
        ),
        "REFUND_CLAIM_OPEN": Text(
            "{value} claims have no re-test that meets the guarantee; they are counted to the last evidence.",
            "{value} 项申请没有达标的复测记录,仅计至最后一次证据。",
        ),
        "REFUND_CAMPAIGN_SHORT": Text(
            "{value} failing tests consist of fewer measurements than the rule prescribes; their mean is taken of what there is.",
            "{value} 次不达标测温的次数少于规定,按已有读数取平均。",
        ),
        "REFUND_TEST_SET_ASIDE": Text(
            "{value} days have tests outside the hours, or sooner after closing windows, than the rule prescribes; they are no evidence.",
            "{value} 个户日的测温不在规定时段或关窗时长不足,不作为证据。",
        ),
        "REFUND_RULE_CHANGES": Text(
            "The rule changes within the season, from {element} to {later}; the one in force at its start is applied.",
            "规则在采暖期内由 {element} 变为 {later},按采暖期开始时有效的规则计算。",
        ),
        "REFUND_LATE_RATE_UNKNOWN": Text(
            "{value} refunds are late and carry interest under {article}, but no rate is given.",
            "{value} 笔退费逾期,按 {article} 应计滞纳金,但未给出费率。",
        ),
        "REFUND_PAID_MORE_BEFORE": Text(
            "{value} users were paid more before than is due now.", "{value} 户此前已退金额高于应退金额。"
        ),
        "REFUND_METERED_NOT_COVERED": Text(
            "{value} metered users: the rule says nothing on metered heat; they have to be settled by contract.",
            "{value} 户为计量用户,规则未作规定,应按合同处理。",
        ),
    }
)
