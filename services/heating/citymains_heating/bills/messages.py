"""What bills can refuse or find, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        "BILL_PRICE_MISSING": Text(
            "There is no price for the account {element}: its tariff is {value}; known: {limit}.",
            "户号 {element} 没有价格:价格类别为 {value};可用:{limit}。",
            "Add the tariff to the dataset tariffs, or a rule pack of the kind heat_tariff.",
            "请在价格表中补充该类别,或添加 heat_tariff 规则包。",
        ),
        "BILL_METER_MISSING": Text(
            "The account {element} is metered and has no reading; only its basic part is billed ({value} such accounts).",
            "户号 {element} 为计量用户但无读数,仅计基本热费(共 {value} 户)。",
            "Add the reading, or set meter_state to faulty.",
            "请补充读数,或将 meter_state 设为 faulty。",
        ),
        "BILL_PAUSE_UNKNOWN": Text(
            "The account {element} pauses, and no rule here says what it pays; nothing is billed ({value} such accounts).",
            "户号 {element} 停用,但当地没有停用费规定,未计费(共 {value} 户)。",
            "Add pause_share to a company's rule pack.",
            "请在企业规则包中补充 pause_share。",
        ),
        "BILL_BASIC_SHARE": Text(
            "The basic part of {element} is {value} % of the area price; allowed are {limit} % ({article}).",
            "{element} 的基本热价为面积热价的 {value} %,上限 {limit} %({article})。",
            "Have the tariff checked.",
            "请核对该价格。",
        ),
    }
)
