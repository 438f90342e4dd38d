//! A language's rule for which form goes with a number: `nplurals=3; plural=n==1 ? 0 : n<5 ? 1 : 2`, an expression of C. Pure.
//!
//! What must never happen: a rule that overflows, divides by nothing or nests without end.

/// Deepest nesting of a rule; the longest that is in use has about five.
const DEEPEST: usize = 32;

/// Longest rule, in bytes; Arabic's has about a hundred.
const LONGEST: usize = 512;

/// Most forms of a language; Arabic has six.
const MOST_FORMS: u64 = 16;

/// See the module.
#[derive(Debug)]
pub(super) struct Plural {
    forms: u64,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    Count,
    Number(u64),
    Not(Box<Rule>),
    Two(&'static str, Box<(Rule, Rule)>),
    Choice(Box<(Rule, Rule, Rule)>),
}

/// Operators from what binds loosest to what binds tightest; of one level, those that begin like another come first.
const LEVELS: [&[&str]; 6] = [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

impl Plural {
    /// One thing, or any other number of them.
    pub(super) fn germanic() -> Self {
        Self { forms: 2, rule: Rule::Two("!=", Box::new((Rule::Count, Rule::Number(1)))) }
    }

    /// From what stands behind `Plural-Forms:`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (forms, rule) = text.split_once(';')?;
        let forms = forms.trim().strip_prefix("nplurals=")?.trim().parse().ok()?;
        if rule.len() > LONGEST {
            return None;
        }
        let rule: String = rule.chars().filter(|c| !c.is_whitespace()).collect();
        let mut reader = Reader { rest: rule.trim_end_matches(';').strip_prefix("plural=")?, depth: 0 };
        let rule = reader.choice()?;
        (reader.rest.is_empty() && (1..=MOST_FORMS).contains(&forms)).then_some(Self { forms, rule })
    }

    /// Which form goes with `count`.
    pub(super) fn form(&self, count: u64) -> Option<usize> {
        let form = self.rule.value(count)?;
        (form < self.forms).then(|| usize::try_from(form).ok())?
    }
}

impl Rule {
    fn value(&self, n: u64) -> Option<u64> {
        match self {
            Self::Count => Some(n),
            Self::Number(number) => Some(*number),
            Self::Not(rule) => Some(u64::from(rule.value(n)? == 0)),
            Self::Choice(parts) => {
                let (asked, yes, no) = &**parts;
                if asked.value(n)? != 0 { yes.value(n) } else { no.value(n) }
            }
            Self::Two(operator, sides) => {
                let (left, right) = (sides.0.value(n)?, sides.1.value(n)?);
                match *operator {
                    "||" => Some(u64::from(left != 0 || right != 0)),
                    "&&" => Some(u64::from(left != 0 && right != 0)),
                    "==" => Some(u64::from(left == right)),
                    "!=" => Some(u64::from(left != right)),
                    "<=" => Some(u64::from(left <= right)),
                    ">=" => Some(u64::from(left >= right)),
                    "<" => Some(u64::from(left < right)),
                    ">" => Some(u64::from(left > right)),
                    "+" => left.checked_add(right),
                    "-" => left.checked_sub(right),
                    "*" => left.checked_mul(right),
                    "/" => left.checked_div(right),
                    _ => left.checked_rem(right),
                }
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let behind = self.rest.strip_prefix(token);
        behind.inspect(|rest| self.rest = rest).is_some()
    }

    fn choice(&mut self) -> Option<Rule> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let asked = self.level(0)?;
        let rule = if self.takes("?") {
            let yes = self.choice()?;
            let no = self.takes(":").then(|| self.choice())??;
            Rule::Choice(Box::new((asked, yes, no)))
        } else {
            asked
        };
        self.depth -= 1;
        Some(rule)
    }

    fn level(&mut self, level: usize) -> Option<Rule> {
        let Some(operators) = LEVELS.get(level) else { return self.single() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.takes(operator)) {
            let right = self.level(level + 1)?;
            left = Rule::Two(operator, Box::new((left, right)));
        }
        Some(left)
    }

    fn single(&mut self) -> Option<Rule> {
        if self.takes("n") {
            return Some(Rule::Count);
        }
        if self.takes("(") {
            let rule = self.choice()?;
            return self.takes(")").then_some(rule);
        }
        if self.takes("!") {
            self.depth += 1;
            let rule = if self.depth > DEEPEST { None } else { self.single() };
            self.depth -= 1;
            return Some(Rule::Not(Box::new(rule?)));
        }
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end)?;
        let number = digits.parse().ok()?;
        self.rest = rest;
        Some(Rule::Number(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(rule: &str, counts: &[u64]) -> Vec<usize> {
        let plural = Plural::read(rule).unwrap();
        counts.iter().map(|count| plural.form(*count).unwrap()).collect()
    }

    #[test]
    fn rules_of_real_languages_are_read() {
        assert_eq!(forms("nplurals=1; plural=0;", &[0, 1, 9]), [0, 0, 0]);
        assert_eq!(forms(" nplurals=2; plural=n > 1;", &[0, 1, 2]), [0, 0, 1]);
        let polish = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);";
        assert_eq!(forms(polish, &[1, 2, 5, 12, 22, 25, 112]), [0, 1, 2, 2, 1, 2, 2]);
        let arabic =
            "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5";
        assert_eq!(forms(arabic, &[0, 1, 2, 3, 11, 100, 102]), [0, 1, 2, 3, 4, 5, 5]);
        assert_eq!(forms("nplurals=2; plural=!(n==1)", &[1, 2]), [0, 1]);
        let germanic = Plural::germanic();
        assert_eq!([0, 1, 2].map(|count| germanic.form(count)), [Some(1), Some(0), Some(1)]);
    }

    #[test]
    fn what_is_no_rule_is_none_and_what_has_no_value_chooses_nothing() {
        let deep = format!("nplurals=2; plural={}n{}", "(".repeat(200), ")".repeat(200));
        let knots = format!("nplurals=2; plural={}n", "!".repeat(500));
        let chain = format!("nplurals=2; plural=n{}", "+n".repeat(200_000));
        for wrong in ["", "nplurals=2", "nplurals=2; plural=", "nplurals=0; plural=0", "nplurals=99; plural=0"] {
            assert!(Plural::read(wrong).is_none(), "{wrong}");
        }
        for wrong in ["n+", "(n", "n)", "n?1", "n?1:", "x", "system(1)", "99999999999999999999"] {
            assert!(Plural::read(&format!("nplurals=2; plural={wrong}")).is_none(), "{wrong}");
        }
        assert!(Plural::read(&deep).is_none() && Plural::read(&knots).is_none() && Plural::read(&chain).is_none());
        for rule in ["n/0", "n%0", "n-2", "n+18446744073709551615", "n*2", "7"] {
            assert_eq!(Plural::read(&format!("nplurals=2; plural={rule}")).unwrap().form(1), None, "{rule}");
        }
    }
}
