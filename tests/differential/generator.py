"""State machines made at random, in JSONata, with inputs for them. The same seed makes the same machines."""

import random

INPUTS = [
    {},
    {"n": 3, "s": "text", "list": [1, 2, 3], "rows": [{"id": 1, "ok": True}, {"id": 2, "ok": False}], "none": None},
    {"n": 0, "s": "it's \"so\"", "list": [], "rows": [{"id": 7, "ok": True}]},
    {"n": -1.5, "s": "", "list": [[1], [2, 3]], "rows": []},
]

VALUES = [
    "{% $states.input %}",
    "{% $states.input.n %}",
    "{% $states.input.list %}",
    "{% $states.input.rows[ok = true] %}",
    "{% [$states.input.rows[ok = true].id] %}",
    "{% $count($states.input.rows) %}",
    "{% $states.input.s & '!' %}",
    "{% $exists($states.input.n) ? 'n' : 'no n' %}",
    "{% $sum([1, 2, 3]) %}",
    "{% $string($states.input.n) %}",
    "{% $states.context.State.Name %}",
    "{% $map($states.input.list, function($v) { $type($v) }) %}",
    "{% {'a': 1, 'gone': $states.input.absent} %}",
    "{% null %}",
    "{% $merge([{'a': 1}, {'b': 2}]) %}",
    "{% $parse('{\"a\": [1]}') %}",
    "{% $partition([1, 2, 3], 2) %}",
    "{% $states.input.absent %}",
    "{% $absent %}",
    "{% 1 + 'a' %}",
    {"whole": "{% $states.input %}", "list": ["{% 1 + 1 %}", 2, {"deep": "{% 'x' %}"}]},
    ["{% $states.input.n %}", "literal", None],
    "literal",
    7,
    {},
]
CONDITIONS = [
    "{% $states.input.n > 1 %}",
    "{% $exists($states.input.s) %}",
    "{% $states.input.s = 'text' and $states.input.n = 3 %}",
    "{% $count($states.input.list) = 0 %}",
    "{% true %}",
    "{% false %}",
    "{% $states.input.n %}",
    "{% $states.input.absent %}",
]
ITEMS = ["{% $states.input.list %}", "{% [1..3] %}", "{% $states.input.rows %}", "{% [] %}", [1, "{% 'two' %}"], "{% 5 %}"]
ERRORS = [["States.ALL"], ["States.TaskFailed"], ["Throttled"], ["States.QueryEvaluationError"], ["Rejected", "Throttled"]]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.states = 0

    def machine(self):
        """A definition and an input."""
        self.states = 0
        flow = self.flow(depth=0, variables=[])
        return {"QueryLanguage": "JSONata", **flow}, self.random.choice(INPUTS)

    def chance(self, probability):
        return self.random.random() < probability

    def value(self, variables):
        if variables and self.chance(0.35):
            name = self.random.choice(variables)
            return self.random.choice([f"{{% ${name} %}}", f"{{% [${name}] %}}", {"seen": f"{{% ${name} %}}"}])
        return self.random.choice(VALUES)

    def flow(self, depth, variables):
        variables = list(variables)
        names = []
        for _ in range(self.random.randint(1, 3 if depth else 4)):
            self.states += 1
            names.append(f"S{self.states}")
        last = f"{names[-1]}End"
        states = {}
        for name, following in zip(names, names[1:] + [last]):
            states[name] = self.state(name, following, last, depth, variables)
        states[last] = {"Type": "Pass", "End": True}
        return {"StartAt": names[0], "States": states}

    def assign(self, name, state, variables):
        if self.chance(0.4):
            variable = f"v{name}"
            state["Assign"] = {variable: self.value(variables)}
            variables.append(variable)

    def state(self, name, following, last, depth, variables):
        kinds = ["Pass"] * 4 + ["Choice"] * 2 + ["Task"] * 3 + ["Wait"]
        if depth < 2:
            kinds += ["Map", "Parallel", "Map"]
        kind = self.random.choice(kinds)
        state = {"Type": kind}
        seen = list(variables)
        if kind == "Pass":
            if self.chance(0.7):
                state["Output"] = self.value(seen)
            self.assign(name, state, variables)
            state["Next"] = following
        elif kind == "Wait":
            state["Seconds"] = self.random.choice([0, "{% 0 %}", "{% $count([]) %}"])
            state["Next"] = following
        elif kind == "Choice":
            rule = {"Condition": self.random.choice(CONDITIONS), "Next": self.random.choice([following, last])}
            if self.chance(0.3):
                rule["Output"] = self.value(seen)
            state["Choices"] = [rule]
            if self.chance(0.8):
                state["Default"] = following
            else:
                state["Choices"].append({"Condition": "{% $states.input != 'never' %}", "Next": following})
        elif kind == "Task":
            self.task(name, state, last, seen, variables)
            state["Next"] = following
        elif kind == "Map":
            if self.chance(0.85):
                state["Items"] = self.random.choice(ITEMS)
            if self.chance(0.4):
                state["ItemSelector"] = {
                    "value": "{% $states.context.Map.Item.Value %}",
                    "index": "{% $states.context.Map.Item.Index %}",
                }
            state["MaxConcurrency"] = 1
            state["ItemProcessor"] = self.flow(depth + 1, seen)
            self.recover(state, last)
            state["Next"] = following
        else:
            if self.chance(0.3):
                state["Arguments"] = self.value(seen)
            state["Branches"] = [self.flow(depth + 1, seen) for _ in range(self.random.randint(1, 2))]
            if self.chance(0.3):
                state["Output"] = self.random.choice(["{% $states.result[0] %}", "{% $count($states.result) %}"])
            self.recover(state, last)
            state["Next"] = following
        return state

    def task(self, name, state, last, seen, variables):
        function = self.random.choice(["echo", "echo", "double", "throttled", "rejected"])
        payload = self.random.choice(["{% $states.input %}", {"n": 2}, {"n": "{% $states.input.n %}"}, self.value(seen)])
        state["Resource"] = "arn:aws:states:::lambda:invoke"
        state["Arguments"] = {
            "FunctionName": f"arn:aws:lambda:us-east-1:000000000000:function:{function}",
            "Payload": payload,
        }
        state["Output"] = self.random.choice(
            ["{% $states.result.Payload %}", "{% $states.result.Payload.n %}", {"got": "{% $states.result.Payload %}"}]
        )
        if self.chance(0.3):
            variable = f"v{name}"
            state["Assign"] = {variable: "{% $states.result.StatusCode %}"}
            # A catcher goes on without it.
        if self.chance(0.3):
            state["Retry"] = [{"ErrorEquals": ["Throttled"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1.0}]
        self.recover(state, last)

    def recover(self, state, last):
        if self.chance(0.5):
            catcher = {"ErrorEquals": self.random.choice(ERRORS), "Next": last}
            if self.chance(0.6):
                catcher["Output"] = {"error": "{% $states.errorOutput.Error %}"}
            state["Catch"] = [catcher]
