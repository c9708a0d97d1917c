//! Templates that stand alone.

use acteon_core::limits::MAX_TEMPLATE_BYTES;

use crate::context::Context;
use crate::engine::Engine;
use crate::error::{Problem, RenderError};
use crate::escaping::Escaping;

/// Template that renders to a text.
#[derive(Clone, Debug)]
pub struct Text {
    engine: Engine,
    number: usize,
    variables: Vec<String>,
}

impl Text {
    /// Compiles a source of up to [`MAX_TEMPLATE_BYTES`].
    pub fn compile(source: &str) -> Result<Self, Problem> {
        if source.len() > MAX_TEMPLATE_BYTES {
            return Err(too_long(""));
        }
        let mut engine = Engine::new();
        let (number, variables) = engine.add(source, "")?;
        Ok(Self {
            engine,
            number,
            variables,
        })
    }

    /// Paths that it reads, such as `payload.alert.name`, in their order. Of an item read by an expression it is the path to the list.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The text; values in it are escaped.
    pub fn render(&self, context: &Context<'_>, escaping: Escaping) -> Result<String, RenderError> {
        let mut rendering = self.engine.begin(context, escaping);
        let rendered = rendering.render(&self.engine, self.number, "")?;
        Ok(rendered.text)
    }
}

pub(crate) fn too_long(path: &str) -> Problem {
    Problem::new(
        path,
        format!("is longer than {MAX_TEMPLATE_BYTES} bytes; make it shorter"),
    )
}
