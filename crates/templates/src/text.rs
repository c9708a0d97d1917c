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

/// Templates that render to a text each, and share the bounds of one rendering.
#[derive(Clone, Debug)]
pub struct Texts {
    engine: Engine,
    /// Names, with the numbers of their templates.
    names: Vec<(String, usize)>,
    /// Paths that they read.
    variables: Vec<String>,
}

impl Texts {
    /// Compiles sources, each with the name under which its text is given, and the path with which its problems begin.
    pub fn compile<'a>(
        sources: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<Problem>> {
        let (mut engine, mut names, mut problems) = (Engine::new(), Vec::new(), Vec::new());
        let (mut variables, mut bytes) = (Vec::new(), 0);
        for (name, source) in sources {
            bytes += source.len();
            if bytes > MAX_TEMPLATE_BYTES {
                problems.push(too_long(name));
                break;
            }
            match engine.add(source, name) {
                Ok((number, read)) => {
                    names.push((name.to_owned(), number));
                    variables.extend(read);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self {
                engine,
                names,
                variables,
            })
        } else {
            Err(problems)
        }
    }

    /// Paths that they read, as [`Text::variables`].
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The texts by their names, in the order of the sources; values in them are escaped, in each as [`Escaping::of_field`] has it.
    pub fn render(
        &self,
        context: &Context<'_>,
        escaping: Escaping,
    ) -> Result<Vec<(&str, String)>, RenderError> {
        let each = self.render_each(context, escaping).into_iter();
        each.map(|(name, text)| Ok((name, text?))).collect()
    }

    /// The texts as [`Self::render`] has them, and in the place of each that cannot be rendered, why.
    pub fn render_each(
        &self,
        context: &Context<'_>,
        escaping: Escaping,
    ) -> Vec<(&str, Result<String, RenderError>)> {
        let mut rendering = self.engine.begin(context, escaping);
        let mut text = |(name, number): &'_ (String, usize)| {
            rendering.escape_for(&self.engine, escaping.of_field(name));
            let rendered = rendering.render(&self.engine, *number, name);
            rendered.map(|rendered| rendered.text)
        };
        self.names
            .iter()
            .map(|named| (named.0.as_str(), text(named)))
            .collect()
    }
}

pub(crate) fn too_long(path: &str) -> Problem {
    Problem::new(
        path,
        format!("is longer than {MAX_TEMPLATE_BYTES} bytes; make it shorter"),
    )
}
