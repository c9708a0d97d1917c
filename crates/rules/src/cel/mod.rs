//! From CEL text to the one form. The `cel` crate parses; what its syntax tree may hold, and what the names mean, is decided here.

mod compiler;
mod hints;
mod numbers;
mod tree;

use std::collections::BTreeMap;

use acteon_core::limits::MAX_EXPRESSION_BYTES;
use cel::common::ast::IdedExpr;
use cel::parser::{ParseErrors, Parser};

use crate::expr::Expr;
use crate::quote::one_line;
use crate::types;
use compiler::Compiler;
use numbers::Marked;

/// Deepest nesting that the parser follows.
const PARSER_DEPTH: u16 = 32;
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
    let mut expr = Compiler::new(env, &marked).expr(&parsed, 0)?;
    types::check(&mut expr)?;
    Ok(expr)
}

fn parse(text: &str) -> Result<IdedExpr, ParseErrors> {
    Parser::new().max_recursion_depth(PARSER_DEPTH).parse(text)
}

/// Message for a text that is no expression.
fn unparsed(text: &str, errors: &ParseErrors) -> String {
    if let Some((at, slip)) = hints::slip(text) {
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
        numbers::refusal(text, |text| first(&parse(text).err()?)).or_else(|| first(errors));
    let Some(((line, column), message)) = refusal else {
        return "not a CEL expression".into();
    };
    format!(
        "not a CEL expression: at {}:{}: {}",
        line.max(1),
        column.max(1),
        hints::stumbled_over(&one_line(&message))
    )
}
