//! From CEL text to the one form. The `cel` crate parses; what its syntax tree may hold, and what the names mean, is decided here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use acteon_core::limits::MAX_EXPRESSION_BYTES;
use cel::common::ast::operators as op;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr as Cel, IdedExpr, LiteralValue, SelectExpr,
};
use cel::parser::{ParseErrors, Parser};

use crate::cel_hints;
use crate::cel_numbers::{self, Marked};
use crate::eval;
use crate::expr::{Comparison, Constant, Expr, Fold, Operation};
use crate::functions;
use crate::path::Path;
use crate::pattern::{Pattern, Reach};
use crate::quote::one_line;
use crate::types;

/// Deepest nesting that the parser follows.
const PARSER_DEPTH: u16 = 32;
/// Deepest syntax tree, comprehensions expanded.
const TREE_DEPTH: usize = 64;
/// Most comprehensions within each other.
const COMPREHENSION_DEPTH: usize = 2;

/// Compiles an expression. `env` is what `env.NAME` stands for.
pub(crate) fn compile(text: &str, env: &BTreeMap<String, String>) -> Result<Expr, String> {
    if text.len() > MAX_EXPRESSION_BYTES {
        return Err(format!(
            "the expression is {} bytes long, at most {MAX_EXPRESSION_BYTES} are allowed",
            text.len()
        ));
    }
    let marked = Marked::of(text);
    let parsed = parse(&marked.text).map_err(|errors| unparsed(text, &errors))?;
    let mut expr = Compiler {
        env,
        marked: &marked,
        locals: Vec::new(),
        comprehensions: 0,
    }
    .expr(&parsed, 0)?;
    types::check(&mut expr)?;
    Ok(expr)
}

fn parse(text: &str) -> Result<IdedExpr, ParseErrors> {
    Parser::new().max_recursion_depth(PARSER_DEPTH).parse(text)
}

/// What to say of a text that is no expression.
fn unparsed(text: &str, errors: &ParseErrors) -> String {
    if let Some((at, slip)) = cel_hints::slip(text) {
        let before: String = text.chars().take(at - 1).collect();
        let (line, column) = (
            before.matches('\n').count() + 1,
            before
                .chars()
                .rev()
                .take_while(|letter| *letter != '\n')
                .count()
                + 1,
        );
        return format!("not a CEL expression: at {line}:{column}: {slip}");
    }
    let first = |errors: &ParseErrors| {
        errors
            .errors
            .first()
            .map(|first| (first.pos, first.msg.clone()))
    };
    let refusal =
        cel_numbers::refusal(text, |text| first(&parse(text).err()?)).or_else(|| first(errors));
    let Some(((line, column), message)) = refusal else {
        return "not a CEL expression".into();
    };
    format!(
        "not a CEL expression: at {}:{}: {}",
        line.max(1),
        column.max(1),
        cel_hints::stumbled_over(&one_line(&message))
    )
}

/// A pattern as `matches` takes it.
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::compile(text, Reach::Part)
}

struct Compiler<'a> {
    env: &'a BTreeMap<String, String>,
    marked: &'a Marked<'a>,
    locals: Vec<String>,
    comprehensions: usize,
}

impl Compiler<'_> {
    fn expr(&mut self, parsed: &IdedExpr, depth: usize) -> Result<Expr, String> {
        if depth > TREE_DEPTH {
            return Err(format!(
                "the expression nests deeper than {TREE_DEPTH} levels; make it several rules"
            ));
        }
        match &parsed.expr {
            Cel::Literal(literal) => constant(literal).map(Expr::Constant),
            Cel::Ident(name) => self.name(name),
            Cel::Select(select) => self.select(select, depth),
            Cel::Call(call) => self.call(call, depth + 1),
            Cel::List(list) if list.optional_indices.is_empty() => {
                list.elements.iter().map(|item| self.expr(item, depth + 1)).collect::<Result<_, _>>().map(Expr::List)
            }
            Cel::Comprehension(comprehension) => self.comprehension(comprehension, depth + 1),
            Cel::List(_) | Cel::Map(_) | Cel::Struct(_) | Cel::Unspecified => {
                Err("maps, messages and optional values are not taken in a condition; compare one field with one value, or a list".into())
            }
        }
    }

    fn name(&self, name: &str) -> Result<Expr, String> {
        if let Some(depth) = self.locals.iter().rposition(|local| local == name) {
            return Ok(Expr::Local(depth));
        }
        Path::of(&[name]).map(Expr::Field)
    }

    fn select(&mut self, select: &SelectExpr, depth: usize) -> Result<Expr, String> {
        let field = match self.field(select)? {
            Some(field) => field,
            None => Expr::Select(
                Box::new(self.expr(&select.operand, depth + 1)?),
                select.field.as_str().into(),
            ),
        };
        Ok(if select.test {
            Expr::Has(Box::new(field))
        } else {
            field
        })
    }

    /// A field of the action, the calendar or the environment, if that is what a selection spells.
    fn field(&self, select: &SelectExpr) -> Result<Option<Expr>, String> {
        let mut parts = vec![Cow::Borrowed(select.field.as_str())];
        let mut operand: &IdedExpr = &select.operand;
        loop {
            match &operand.expr {
                Cel::Select(inner) if !inner.test => {
                    parts.push(Cow::Borrowed(inner.field.as_str()));
                    operand = &inner.operand;
                }
                Cel::Call(call) => match literal_key(call) {
                    Some((of, key)) => {
                        parts.push(key);
                        operand = of;
                    }
                    None => return Ok(None),
                },
                Cel::Ident(name) if self.locals.contains(name) => return Ok(None),
                Cel::Ident(name) => {
                    parts.push(Cow::Borrowed(name.as_str()));
                    let parts: Vec<&str> = parts.iter().rev().map(|part| &**part).collect();
                    return self.root(&parts).map(Some);
                }
                _ => return Ok(None),
            }
        }
    }

    fn root(&self, parts: &[&str]) -> Result<Expr, String> {
        match parts {
            ["env" | "environment", name] => {
                let value = self.env.get(*name).map(|value| Expr::text(value));
                value.ok_or_else(|| {
                    let known: Vec<&str> = self.env.keys().map(String::as_str).collect();
                    let known = if known.is_empty() {
                        "nothing".to_owned()
                    } else {
                        known.join(", ")
                    };
                    format!("there is no env.{name}; [rules.env] has: {known}")
                })
            }
            _ => Path::of(parts).map(Expr::Field),
        }
    }

    fn call(&mut self, call: &CallExpr, depth: usize) -> Result<Expr, String> {
        if let Some((of, key)) = literal_key(call) {
            let select = SelectExpr {
                operand: Box::new(of.clone()),
                field: key.into_owned(),
                test: false,
            };
            return self.select(&select, depth);
        }
        if let Some(number) = self.marked.number(call) {
            return Ok(Expr::Constant(Constant::Number(number.into())));
        }
        let operands: Vec<&IdedExpr> = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect();
        let name = call.func_name.as_str();
        if name == "matches" {
            return self.matches(&operands, depth);
        }
        let mut operands = operands
            .into_iter()
            .map(|operand| self.expr(operand, depth))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(comparison) = comparison(name) {
            return Ok(Expr::Compare(comparison, Box::new(exactly(operands)?)));
        }
        if let Some(operation) = operation(name) {
            return Ok(Expr::Arithmetic(operation, Box::new(exactly(operands)?)));
        }
        match name {
            op::LOGICAL_AND => Ok(Expr::And(flat(operands, |expr| {
                if let Expr::And(inner) = expr {
                    Ok(inner)
                } else {
                    Err(expr)
                }
            }))),
            op::LOGICAL_OR => Ok(Expr::Or(flat(operands, |expr| {
                if let Expr::Or(inner) = expr {
                    Ok(inner)
                } else {
                    Err(expr)
                }
            }))),
            op::CONDITIONAL => Ok(Expr::Choice(Box::new(exactly(operands)?))),
            op::IN => Ok(Expr::In(Box::new(exactly(operands)?))),
            op::INDEX => {
                let [of, key] = exactly(operands)?;
                Ok(Expr::Index(Box::new(of), Box::new(key)))
            }
            op::LOGICAL_NOT | op::NEGATE | op::NOT_STRICTLY_FALSE => {
                let of = operands.pop().ok_or("an operand is missing")?;
                Ok(match name {
                    op::LOGICAL_NOT => Expr::Not(Box::new(of)),
                    op::NEGATE => negated(of),
                    _ => Expr::NotStrictlyFalse(Box::new(of)),
                })
            }
            op::OPT_INDEX | op::OPT_SELECT => {
                Err("optional values are not taken in a condition; use has()".into())
            }
            _ => {
                functions::find(name, operands.len()).map(|function| Expr::Call(function, operands))
            }
        }
    }

    fn matches(&mut self, operands: &[&IdedExpr], depth: usize) -> Result<Expr, String> {
        let [of, text] = operands else {
            return Err("matches takes a text and a pattern, as in action.payload.service.matches(\"^pay-\")".into());
        };
        let Cel::Literal(LiteralValue::String(text)) = &text.expr else {
            return Err("the pattern of matches must be written out, so that it can be compiled when the rules are loaded".into());
        };
        Ok(Expr::Matches(
            Box::new(self.expr(of, depth)?),
            pattern(text.inner())?,
        ))
    }

    fn comprehension(&mut self, parsed: &ComprehensionExpr, depth: usize) -> Result<Expr, String> {
        if parsed.iter_var2.is_some() {
            return Err("comprehensions with two variables are not taken; write one, as in action.payload.alerts.exists(alert, alert.status == \"firing\")".into());
        }
        if self.comprehensions == COMPREHENSION_DEPTH {
            return Err(format!(
                "comprehensions nest deeper than {COMPREHENSION_DEPTH} levels; make it several rules"
            ));
        }
        self.comprehensions += 1;
        let range = self.expr(&parsed.iter_range, depth)?;
        let start = self.expr(&parsed.accu_init, depth)?;
        let at = self.locals.len();
        self.locals.push(parsed.accu_var.clone());
        self.locals.push(parsed.iter_var.clone());
        let goes_on = self.expr(&parsed.loop_cond, depth)?;
        let step = self.expr(&parsed.loop_step, depth)?;
        let result = self.expr(&parsed.result, depth)?;
        self.locals.truncate(at);
        self.comprehensions -= 1;
        Ok(Expr::Fold(Box::new(Fold {
            depth: at,
            range,
            start,
            goes_on,
            step,
            result,
        })))
    }
}

/// `x["key"]` and `x[0]`, which are fields as `x.key` is.
fn literal_key(call: &CallExpr) -> Option<(&IdedExpr, Cow<'_, str>)> {
    match (call.func_name.as_str(), &call.args[..]) {
        (
            op::INDEX,
            [
                of,
                IdedExpr {
                    expr: Cel::Literal(LiteralValue::String(key)),
                    ..
                },
            ],
        ) => Some((of, Cow::Borrowed(key.inner()))),
        (
            op::INDEX,
            [
                of,
                IdedExpr {
                    expr: Cel::Literal(LiteralValue::Int(at)),
                    ..
                },
            ],
        ) if *at.inner() >= 0 => Some((of, Cow::Owned(at.inner().to_string()))),
        _ => None,
    }
}

fn constant(literal: &LiteralValue) -> Result<Constant, String> {
    Ok(match literal {
        LiteralValue::Boolean(flag) => Constant::Bool(*flag.inner()),
        LiteralValue::Double(number) if !number.inner().is_finite() => {
            return Err(cel_hints::TOO_LARGE.into());
        }
        // With no more digits than tell it from others: what stands in a rule as 0.1 is 0.1.
        LiteralValue::Double(number) => {
            Constant::Number(serde_json::Value::from(*number.inner()).to_string().into())
        }
        LiteralValue::Int(number) => Constant::Int(*number.inner()),
        LiteralValue::UInt(number) => Constant::Int(
            i64::try_from(*number.inner()).map_err(|_| cel_hints::TOO_LARGE_UNSIGNED)?,
        ),
        LiteralValue::Null => Constant::Null,
        LiteralValue::String(text) => Constant::Text(text.inner().into()),
        LiteralValue::Bytes(_) => {
            return Err(
                "bytes are not taken in a condition; write text, without the b before its quotes"
                    .into(),
            );
        }
    })
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        op::EQUALS => Comparison::Eq,
        op::NOT_EQUALS => Comparison::Ne,
        op::LESS => Comparison::Lt,
        op::LESS_EQUALS => Comparison::Le,
        op::GREATER => Comparison::Gt,
        op::GREATER_EQUALS => Comparison::Ge,
        _ => return None,
    })
}

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        op::ADD => Operation::Add,
        op::SUBSTRACT => Operation::Subtract,
        op::MULTIPLY => Operation::Multiply,
        op::DIVIDE => Operation::Divide,
        op::MODULO => Operation::Remainder,
        _ => return None,
    })
}

fn exactly<const N: usize>(operands: Vec<Expr>) -> Result<[Expr; N], String> {
    <[Expr; N]>::try_from(operands)
        .map_err(|given| format!("an operator has {} operands, it takes {N}", given.len()))
}

fn negated(of: Expr) -> Expr {
    match of {
        Expr::Constant(Constant::Int(number)) if number != i64::MIN => {
            Expr::Constant(Constant::Int(-number))
        }
        Expr::Constant(Constant::Number(number)) => {
            Expr::Constant(Constant::Number(eval::negated(&number).into()))
        }
        other => Expr::Negate(Box::new(other)),
    }
}

/// `a && b && c` as one conjunction of three.
fn flat(operands: Vec<Expr>, open: fn(Expr) -> Result<Vec<Expr>, Expr>) -> Vec<Expr> {
    operands
        .into_iter()
        .flat_map(|operand| open(operand).unwrap_or_else(|other| vec![other]))
        .collect()
}
