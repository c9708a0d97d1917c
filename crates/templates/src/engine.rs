//! The engine, as strict and bounded as all templates have it.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use acteon_core::limits::{MAX_RENDERED_BYTES, MAX_TEMPLATE_DEPTH, MAX_TEMPLATE_FUEL};
use minijinja::machinery::{CompiledTemplate, TemplateConfig, eval, make_string_output};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::context::Context;
use crate::error::{Problem, RenderError};
use crate::escaping::{self, Escaping};
use crate::{filters, go, instructions, names, operators, repeats, shape};

/// The engine without templates.
static BARE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // Otherwise only builds with debug assertions say which name is not there.
    engine.set_debug(true);
    engine.set_fuel(Some(MAX_TEMPLATE_FUEL));
    engine.set_recursion_limit(MAX_TEMPLATE_DEPTH);
    engine.set_auto_escape_callback(custom_escaping);
    engine.set_formatter(escaping::format);
    filters::add_to(&mut engine);
    operators::add_to(&mut engine);
    // Would show all that a template may read, and is for those who debug one.
    engine.remove_global("debug");
    // What they make shares itself with itself, and is written in no time that is paid for; and `namespace` is a label that messages tell.
    for name in ["namespace", "dict"] {
        engine.remove_global(name);
    }
    engine
});

self_cell::self_cell! {
    /// Template with its source, which it borrows from.
    struct Compiled {
        owner: String,
        #[covariant]
        dependent: CompiledTemplate,
    }

    impl {Debug}
}

/// Compiled templates, by their numbers.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    templates: Vec<Arc<Compiled>>,
    roots: BTreeSet<String>,
}

/// What is left of the bounds of one rendering.
pub(crate) struct Rendering<'a> {
    root: Value,
    escaping: Escaping,
    context: &'a Context<'a>,
    fuel_used: u64,
    written: usize,
}

/// What one template came to.
pub(crate) struct Rendered {
    pub(crate) text: String,
    /// Value of the last expression.
    pub(crate) value: Option<Value>,
}

impl Engine {
    pub(crate) fn new() -> Self {
        Self {
            templates: Vec::new(),
            roots: BTreeSet::new(),
        }
    }

    /// Compiles a template, which stands at `path`; its number, and the paths that it reads.
    pub(crate) fn add(
        &mut self,
        source: &str,
        path: &str,
    ) -> Result<(usize, Vec<String>), Problem> {
        if let Some((line, message)) = go::flaw(source)
            .or_else(|| shape::flaw(source))
            .or_else(|| repeats::flaw(source))
            .or_else(|| names::flaw(&BARE, source))
        {
            let line = Some(line);
            return Err(Problem {
                line,
                ..Problem::new(path, message)
            });
        }
        let variables = variables(source).map_err(|error| Problem::of(path, &error))?;
        let compiled = Compiled::try_new(source.to_owned(), |source| compile(source, path))?;
        self.templates.push(Arc::new(compiled));
        self.roots.extend(names::read(source));
        Ok((self.templates.len() - 1, variables))
    }

    pub(crate) fn begin<'a>(&self, context: &'a Context<'a>, escaping: Escaping) -> Rendering<'a> {
        Rendering {
            root: self.root(context, escaping),
            escaping,
            context,
            fuel_used: 0,
            written: 0,
        }
    }

    /// What templates read, and what their values are escaped for.
    fn root(&self, context: &Context<'_>, escaping: Escaping) -> Value {
        let values = self
            .roots
            .iter()
            .filter_map(|name| Some((name.as_str(), context.value(name)?)));
        let own = (escaping::VARIABLE, Value::from(escaping.name()));
        Value::from_pairs(values.chain([own]))
    }
}

impl<'a> Rendering<'a> {
    pub(crate) fn context(&self) -> &'a Context<'a> {
        self.context
    }

    /// Has what is rendered next escaped for something else.
    pub(crate) fn escape_for(&mut self, engine: &Engine, escaping: Escaping) {
        if self.escaping != escaping {
            self.root = engine.root(self.context, escaping);
            self.escaping = escaping;
        }
    }

    /// Renders the template of a number; `path` is where it stands.
    pub(crate) fn render(
        &mut self,
        engine: &Engine,
        number: usize,
        path: &str,
    ) -> Result<Rendered, RenderError> {
        let Some(compiled) = engine.templates.get(number) else {
            return Err(RenderError::new(path, "is no template that was compiled"));
        };
        let template = compiled.borrow_dependent();
        let mut text = String::with_capacity(template.buffer_size_hint);
        let evaluated = or_broken_off(|| {
            let (_, state) = eval(
                &BARE,
                &template.instructions,
                self.root.clone(),
                &template.blocks,
                &mut make_string_output(&mut text),
                template.initial_auto_escape.clone(),
            )?;
            Ok((state.fuel_levels(), state.get_temp(escaping::LAST_VALUE)))
        });
        let (used, value) = evaluated.map_err(|error| RenderError::of(path, &error))?;
        self.pay(used.map_or(0, |(used, _)| used), path)?;
        self.count(text.len(), path)?;
        Ok(Rendered { text, value })
    }

    /// Counts work that was done.
    pub(crate) fn pay(&mut self, fuel: u64, path: &str) -> Result<(), RenderError> {
        self.fuel_used = self.fuel_used.saturating_add(fuel);
        if self.fuel_used > MAX_TEMPLATE_FUEL {
            let message = "its templates do too much work together; make loops and texts shorter";
            return Err(RenderError::new(path, message));
        }
        Ok(())
    }

    /// Counts bytes that were written.
    pub(crate) fn count(&mut self, bytes: usize, path: &str) -> Result<(), RenderError> {
        self.written = self.written.saturating_add(bytes);
        if self.written > MAX_RENDERED_BYTES {
            let message = format!("comes to more than {MAX_RENDERED_BYTES} bytes; make it shorter");
            return Err(RenderError::new(path, message));
        }
        Ok(())
    }
}

/// Runs the engine, which is other people's code: where it breaks off, that is an error as any other, and no action is lost with it.
fn or_broken_off<T>(run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let message = "the template engine broke off, which is a fault of it; write it otherwise";
        Err(Error::new(ErrorKind::InvalidOperation, message))
    })
}

/// Compiles a source, with operators that are paid for.
fn compile<'a>(source: &'a str, path: &str) -> Result<CompiledTemplate<'a>, Problem> {
    let config = TemplateConfig {
        syntax_config: SyntaxConfig::default(),
        default_auto_escape: Arc::new(custom_escaping),
    };
    let mut compiled = CompiledTemplate::new("a template", source, &config)
        .map_err(|error| Problem::of(path, &error))?;
    let blocks = compiled.blocks.values_mut();
    for instructions in std::iter::once(&mut compiled.instructions).chain(blocks) {
        *instructions = instructions::paid(instructions).map_err(|(line, message)| Problem {
            line,
            ..Problem::new(path, message)
        })?;
    }
    Ok(compiled)
}

/// Paths that a source reads.
fn variables(source: &str) -> Result<Vec<String>, Error> {
    let template = BARE.template_from_str(source)?;
    let globals: BTreeSet<&str> = BARE.globals().map(|(name, _)| name).collect();
    let mut variables: Vec<String> = template
        .undeclared_variables(true)
        .into_iter()
        .filter(|variable| !globals.contains(root_of(variable)))
        .collect();
    variables.sort_unstable();
    Ok(variables)
}

/// Which escaping it is, is said by each rendering; here only that there is one.
fn custom_escaping(_: &str) -> AutoEscape {
    AutoEscape::Custom("by the rendering".into())
}

fn root_of(variable: &str) -> &str {
    variable.split_once('.').map_or(variable, |(root, _)| root)
}

#[cfg(test)]
mod tests;
