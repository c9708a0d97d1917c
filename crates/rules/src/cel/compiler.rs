//! Compiler from the parser's syntax tree to the one form of conditions.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cel::common::ast::operators as op;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr as Cel, IdedExpr, LiteralValue, SelectExpr,
};

use super::numbers::Marked;
use super::tree::{comparison, constant, exactly, flat, literal_key, negated, operation};
use crate::expr::{Constant, Expr, Fold};
use crate::functions;
use crate::path::Path;
use crate::pattern::{Pattern, Reach};

/// Deepest syntax tree, with comprehensions expanded.
const TREE_DEPTH: usize = 64;
/// Most comprehensions that may stand within each other.
const COMPREHENSION_DEPTH: usize = 2;

/// Compiler of a syntax tree, and where it is in it.
pub(super) struct Compiler<'a> {
    env: &'a BTreeMap<String, String>,
    marked: &'a Marked<'a>,
    locals: Vec<String>,
    comprehensions: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(env: &'a BTreeMap<String, String>, marked: &'a Marked<'a>) -> Self {
        Self {
            env,
            marked,
            locals: Vec::new(),
            comprehensions: 0,
        }
    }

    /// Compiles a node that lies `depth` below the root.
    pub(super) fn expr(&mut self, parsed: &IdedExpr, depth: usize) -> Result<Expr, String> {
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
            Pattern::compile(text.inner(), Reach::Part)?,
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
