//! The engine, as strict and bounded as all templates have it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use acteon_core::limits::{MAX_RENDERED_BYTES, MAX_TEMPLATE_DEPTH, MAX_TEMPLATE_FUEL};
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};

use crate::context::Context;
use crate::error::{Problem, RenderError};
use crate::escaping::{self, Escaping};
use crate::{filters, names, shape};

/// The engine without templates.
static BARE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(MAX_TEMPLATE_FUEL));
    engine.set_recursion_limit(MAX_TEMPLATE_DEPTH);
    // Which escaping it is, is said by each rendering; here only that there is one.
    engine.set_auto_escape_callback(|_| AutoEscape::Custom("by the rendering".into()));
    engine.set_formatter(escaping::format);
    filters::add_to(&mut engine);
    // Would show all that a template may read, and is for those who debug one.
    engine.remove_global("debug");
    // What they make shares itself with itself, and is written in no time that is paid for; and `namespace` is a label that messages tell.
    for name in ["namespace", "dict"] {
        engine.remove_global(name);
    }
    engine
});

/// Compiled templates, by their numbers.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    templates: Environment<'static>,
    roots: BTreeSet<String>,
    count: usize,
}

/// What is left of the bounds of one rendering.
pub(crate) struct Rendering<'a> {
    root: Value,
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
            templates: BARE.clone(),
            roots: BTreeSet::new(),
            count: 0,
        }
    }

    /// Compiles a template, which stands at `path`; its number, and the paths that it reads.
    pub(crate) fn add(
        &mut self,
        source: &str,
        path: &str,
    ) -> Result<(usize, Vec<String>), Problem> {
        if let Some((line, message)) = shape::flaw(source).or_else(|| names::flaw(&BARE, source)) {
            let line = Some(line);
            return Err(Problem {
                line,
                ..Problem::new(path, message)
            });
        }
        self.compile(source)
            .map_err(|error| Problem::of(path, &error))
    }

    fn compile(&mut self, source: &str) -> Result<(usize, Vec<String>), Error> {
        let number = self.count;
        self.templates
            .add_template_owned(number.to_string(), source.to_owned())?;
        let template = self.templates.get_template(&number.to_string())?;
        let globals: BTreeSet<&str> = BARE.globals().map(|(name, _)| name).collect();
        let mut variables: Vec<String> = template
            .undeclared_variables(true)
            .into_iter()
            .filter(|variable| !globals.contains(root_of(variable)))
            .collect();
        variables.sort_unstable();
        self.roots.extend(names::read(source));
        self.count += 1;
        Ok((number, variables))
    }

    pub(crate) fn begin<'a>(&self, context: &'a Context<'a>, escaping: Escaping) -> Rendering<'a> {
        let values = self
            .roots
            .iter()
            .filter_map(|name| Some((name.as_str(), context.value(name)?)));
        let own = (escaping::VARIABLE, Value::from(escaping.name()));
        Rendering {
            root: Value::from_pairs(values.chain([own])),
            context,
            fuel_used: 0,
            written: 0,
        }
    }
}

impl<'a> Rendering<'a> {
    pub(crate) fn context(&self) -> &'a Context<'a> {
        self.context
    }

    /// Renders the template of a number; `path` is where it stands.
    pub(crate) fn render(
        &mut self,
        engine: &Engine,
        number: usize,
        path: &str,
    ) -> Result<Rendered, RenderError> {
        let run = || {
            let template = engine.templates.get_template(&number.to_string())?;
            template.render_captured(self.root.clone())
        };
        let captured = run().map_err(|error: Error| RenderError::of(path, &error))?;
        let used = captured.state().fuel_levels();
        self.pay(used.map_or(0, |(used, _)| used), path)?;
        let value = captured.state().get_temp(escaping::LAST_VALUE);
        let text = captured.into_output();
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

fn root_of(variable: &str) -> &str {
    variable.split_once('.').map_or(variable, |(root, _)| root)
}
