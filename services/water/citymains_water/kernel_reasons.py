"""Why the batched solver passes a scenario on to EPANET."""

#: No reason: it answered, or was not asked.
ANSWERED = 0
NOT_MODELLED, NOT_CONVERGED, CHECK_VALVE, PUMP, VALVE, TANK, CONTROL, NO_WAY, EDIT = range(1, 10)

#: The reasons in words, by code.
REASONS = (
    "",
    "the model holds something the batched solver does not know",
    "no convergence",
    "a check valve would switch",
    "a pump would switch",
    "a control valve would switch",
    "a link at a full or empty tank would switch",
    "a control would act",
    "a part lies behind closed valves or pumps",
    "the edit changes more than the batched solver can",
)
