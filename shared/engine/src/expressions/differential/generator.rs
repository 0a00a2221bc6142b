//! JSONata expressions made at random.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Draws expressions over the input of the test.
pub(super) struct Generator {
    pub(super) draws: StdRng,
    /// How deep the expression being drawn is; at four it ends.
    pub(super) depth: usize,
}

impl Generator {
    fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options.choose(&mut self.draws).copied().unwrap_or_default()
    }

    fn literal(&mut self) -> String {
        self.pick(&[
            "0",
            "1",
            "2",
            "-1",
            "3.5",
            "-0.5",
            "10",
            "1e3",
            "1e-7",
            "0.1",
            "100",
            "\"\"",
            "\"a\"",
            "\"b\"",
            "'hello world'",
            "\"1\"",
            "\"12.5\"",
            "\"x,y,z\"",
            "'Ünï'",
            "\"2024-02-29T12:34:56.789Z\"",
            "true",
            "false",
            "null",
            "[]",
            "{}",
            "[1, 2, 3]",
            "[3, 1, 2]",
            "['b', 'a']",
            "[[1, 2], [3]]",
            "[1, 'a', null]",
            "{'a': 1, 'b': [2, 3]}",
            "[{'a': 1}, {'a': 2, 'b': 'x'}]",
            "\"YWJj\"",
            "'a b'",
            "[1..4]",
        ])
        .to_owned()
    }

    fn path(&mut self) -> String {
        let field = self.pick(&[
            "",
            ".a",
            ".list",
            ".items",
            ".items.price",
            ".items.name",
            ".items.tags",
            ".nested",
            ".nested.list",
            ".none",
            ".text",
            ".items[0]",
            ".items[-1].name",
            ".items[price > 5]",
            ".items[price > 5].name",
            ".items.(price * quantity)",
            ".nested.*",
            ".nested.**",
            ".items.{'n': name}",
            ".items{name: price}",
            ".items{name: $sum(price)}",
            ".items^(price).name",
            ".items^(>price, name).name",
            ".list[]",
            ".items.name[]",
            ".nulls",
            ".items[name = 'pen'][]",
            ".items#$i[$i < 2].name",
            ".items@$x.{'x': $x.name}",
            ".items.tags.%.name",
            ".list[[0..1]]",
            ".items[tags = 'red'].name",
            ".empty",
            ".items.name[0]",
            ".(items.name)[0]",
            ".yes",
            ".items.quantity",
            ".matrix",
            ".matrix[1]",
            ".matrix[1][0]",
            ".matrix.$sum($)",
            ".number",
            ".`odd name`",
        ]);
        format!("$states.input{field}")
    }

    /// Functions, with the number of arguments that they are mostly given.
    fn call(&mut self) -> String {
        const FUNCTIONS: [(&str, usize); 55] = [
            ("string", 1),
            ("length", 1),
            ("substring", 3),
            ("substringBefore", 2),
            ("substringAfter", 2),
            ("uppercase", 1),
            ("lowercase", 1),
            ("trim", 1),
            ("pad", 3),
            ("contains", 2),
            ("split", 2),
            ("join", 2),
            ("match", 2),
            ("replace", 3),
            ("base64encode", 1),
            ("encodeUrlComponent", 1),
            ("decodeUrl", 1),
            ("number", 1),
            ("abs", 1),
            ("floor", 1),
            ("ceil", 1),
            ("round", 2),
            ("power", 2),
            ("sqrt", 1),
            ("formatNumber", 2),
            ("formatBase", 2),
            ("formatInteger", 2),
            ("parseInteger", 2),
            ("sum", 1),
            ("max", 1),
            ("min", 1),
            ("average", 1),
            ("boolean", 1),
            ("not", 1),
            ("exists", 1),
            ("count", 1),
            ("append", 2),
            ("sort", 1),
            ("reverse", 1),
            ("distinct", 1),
            ("zip", 2),
            ("keys", 1),
            ("lookup", 2),
            ("spread", 1),
            ("merge", 1),
            ("type", 1),
            ("fromMillis", 2),
            ("toMillis", 1),
            ("map", 2),
            ("filter", 2),
            ("single", 2),
            ("reduce", 2),
            ("each", 2),
            ("sift", 2),
            ("error", 1),
        ];
        let (name, usual) = FUNCTIONS.choose(&mut self.draws).copied().unwrap_or(("string", 1));
        let count = if self.draws.random_ratio(1, 12) { self.draws.random_range(0..4) } else { usual };
        let arguments: Vec<String> = (0..count).map(|index| self.argument(name, index)).collect();
        format!("${name}({})", arguments.join(", "))
    }

    fn argument(&mut self, function: &str, index: usize) -> String {
        // An argument of the kind that the function expects reaches further than one of any kind.
        let fitting: &[&str] = match (function, index) {
            _ if self.draws.random_ratio(1, 5) => &[],
            ("map" | "filter" | "single" | "each" | "sift", 1) => &[
                "function($v) { $v }",
                "function($v, $k) { $k }",
                "function($v) { $v > 1 }",
                "$string",
                "$uppercase",
                "function($v, $i, $a) { $count($a) }",
                "$not",
                "function($v) { $v.a = 1 }",
            ],
            ("reduce", 1) => {
                &["function($x, $y) { $x + $y }", "function($x, $y) { $x & $y }", "$append", "$sum"]
            }
            ("match" | "contains" | "split", 1) | ("replace", 1) => {
                &["/[aeiou]/", "/(\\w)(\\w)/", "/L+/i", "'l'", "/^$/", "','", "/\\s+/"]
            }
            ("replace", 2) => &["'$1-$2'", "'*'", "'$$'", "'$0$0'", "function($m) { $m.match & '!' }"],
            ("formatNumber", 1) => &["'#,##0.00'", "'0.0e0'", "'00%'", "'#'", "'##0;(#)'", "'x'"],
            ("formatInteger" | "parseInteger", 1) => {
                &["'w'", "'I'", "'a'", "'000'", "'#,##0'", "'1;o'", "'Ww'", "'A'"]
            }
            ("formatBase", 1) => &["2", "16", "36", "1", "8"],
            ("parseInteger", 0) => &["'twelve'", "'XIV'", "'12'", "'b'", "'1,200'", "'nonsense'"],
            ("fromMillis", 1) => {
                &["'[Y0001]-[M01]-[D01]'", "'[H]:[m01]'", "'[FNn], [D1o] [MNn]'", "'[h]#[P]'", "'[W]'"]
            }
            ("fromMillis", 0) => &["0", "1709210096789", "-1", "1e12"],
            ("toMillis", 0) => &[
                "'2024-02-29T12:34:56.789Z'",
                "'2024-02-29'",
                "'2024'",
                "'noon'",
                "'2024-02-29T12:34:56+01:00'",
            ],
            ("substring" | "pad" | "round" | "power", 1) | ("substring", 2) => {
                &["0", "1", "2", "-2", "5", "-8", "0.5"]
            }
            ("sum" | "max" | "min" | "average", 0) => {
                &["$states.input.list", "[1, 2, 3.5]", "[]", "$states.input.items.price", "5"]
            }
            ("merge" | "keys" | "spread", 0) => &["$states.input.items", "[{'a': 1}, {'b': 2}]", "{'a': 1}"],
            ("lookup", 0) => &["$states.input.items", "{'a': 1}", "$states.input"],
            ("lookup", 1) | ("join", 1) => &["'a'", "'name'", "'-'"],
            ("join", 0) => &["['a', 'b']", "$states.input.items.name", "'a'", "[]"],
            ("map" | "filter" | "single" | "reduce" | "sort" | "reverse" | "distinct" | "zip", 0) => &[
                "$states.input.list",
                "$states.input.items",
                "[3, 1, 2]",
                "['b', 'a', 'b']",
                "[]",
                "5",
                "[[1], [1]]",
            ],
            _ => &[],
        };
        if fitting.is_empty() { self.expression() } else { self.pick(fitting).to_owned() }
    }

    pub(super) fn expression(&mut self) -> String {
        if self.depth >= 4 {
            return if self.draws.random() { self.literal() } else { self.path() };
        }
        self.depth += 1;
        let made = match self.draws.random_range(0..20) {
            0..3 => self.literal(),
            3..6 => self.path(),
            6..10 => self.call(),
            10..13 => {
                let operator = self.pick(&[
                    "+", "-", "*", "/", "%", "&", "=", "!=", "<", ">", "<=", ">=", "and", "or", "in", "~>",
                ]);
                if operator == "~>" {
                    let function = self.pick(&[
                        "$sum()",
                        "$string",
                        "$count",
                        "$join('-')",
                        "$map(function($v) { $v })",
                        "$uppercase",
                    ]);
                    format!("{} ~> {function}", self.expression())
                } else {
                    format!("({} {operator} {})", self.expression(), self.expression())
                }
            }
            13 => format!("({} ? {} : {})", self.expression(), self.expression(), self.expression()),
            14 => format!("({} ? {})", self.expression(), self.expression()),
            15 => format!("[{}, {}]", self.expression(), self.expression()),
            16 => format!("{{'k': {}, 'l': {}}}", self.expression(), self.expression()),
            17 => format!("($x := {}; {} & $string($x))", self.expression(), self.literal()),
            18 => {
                let predicate = self.pick(&[
                    "[0]", "[-1]", "[1]", "[$ > 1]", "[true]", "[]", "[a = 1]", "[[0, 1]]", "[9]", "[0.9]",
                ]);
                format!("({}){predicate}", self.expression())
            }
            _ => {
                let step = self.pick(&[
                    ".a",
                    ".($ + 1)",
                    ".$string()",
                    ".$type($)",
                    "^($)",
                    "^(>$)",
                    ".*",
                    ".**",
                    ".[$]",
                    ".{'v': $}",
                    "{'all': $}",
                ]);
                format!("({}){step}", self.expression())
            }
        };
        self.depth -= 1;
        made
    }
}
