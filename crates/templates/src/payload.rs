//! JSON whose strings may be templates.

use acteon_core::json::{Member, items, members, text};
use acteon_core::limits::{MAX_DEPTH, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_STRINGS};

use crate::context::Context;
use crate::engine::{Engine, Rendering};
use crate::error::{Problem, RenderError};
use crate::escaping::Escaping;
use crate::text::too_long;
use crate::value::{quoted, to_json};
use crate::whole::{self, Path};

/// Bytes of JSON that are walked through, to the end of a path, at the cost of one step of the engine.
const BYTES_PER_FUEL: usize = 1000;

/// JSON whose strings may be templates, and which renders to JSON. What is no template stays byte for byte.
#[derive(Clone, Debug)]
pub struct Payload {
    engine: Engine,
    node: Node,
    variables: Vec<Variable>,
}

/// Path that a payload reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// What is read, such as `steps.deploy.body.id`. Of an item read by an expression it is the path to the list.
    pub name: String,
    /// Path to the string that reads it, such as `steps[2].payload_template.content`.
    pub at: String,
}

#[derive(Clone, Debug)]
enum Node {
    /// JSON that stays as it is written.
    Constant(String),
    Template(Template),
    List(Vec<Node>),
    /// Members with their names as they are written, in quotes.
    Map(Vec<(String, Node)>),
}

#[derive(Clone, Debug)]
struct Template {
    number: usize,
    at: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Text,
    /// One expression, which keeps the type of its value.
    Value,
    /// One path, whose value is copied as it is written where it is there.
    Path(Path),
}

impl Payload {
    /// Compiles a JSON text. `at` is the path to it within what is around it, with which problems begin; it may be empty.
    pub fn compile(json: &str, at: &str) -> Result<Self, Vec<Problem>> {
        if serde_json::from_str::<&serde_json::value::RawValue>(json).is_err() {
            return Err(vec![Problem::new(at, "is no JSON")]);
        }
        if acteon_core::json::nests_deeper_than(json, MAX_DEPTH) {
            let message = format!("nests deeper than {MAX_DEPTH} levels");
            return Err(vec![Problem::new(at, message)]);
        }
        let mut compiler = Compiler::default();
        let node = compiler.node(json.trim(), at);
        if compiler.problems.is_empty() {
            Ok(Self {
                engine: compiler.engine,
                node,
                variables: compiler.variables,
            })
        } else {
            Err(compiler.problems)
        }
    }

    /// What it reads, in the order of its strings.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// JSON in which every template is rendered. Values within texts are escaped; those that keep their type are not.
    pub fn render(&self, context: &Context<'_>, escaping: Escaping) -> Result<String, RenderError> {
        let mut rendering = self.engine.begin(context, escaping);
        let mut json = String::new();
        self.write(&self.node, &mut rendering, &mut json)?;
        Ok(json)
    }

    fn write(
        &self,
        node: &Node,
        rendering: &mut Rendering<'_>,
        json: &mut String,
    ) -> Result<(), RenderError> {
        match node {
            Node::Constant(constant) => json.push_str(constant),
            Node::Template(template) => json.push_str(&self.rendered(template, rendering)?),
            Node::List(nodes) => {
                json.push('[');
                for (at, node) in nodes.iter().enumerate() {
                    json.push_str(if at > 0 { "," } else { "" });
                    self.write(node, rendering, json)?;
                }
                json.push(']');
            }
            Node::Map(members) => {
                json.push('{');
                for (at, (name, node)) in members.iter().enumerate() {
                    json.push_str(if at > 0 { "," } else { "" });
                    json.push_str(name);
                    json.push(':');
                    self.write(node, rendering, json)?;
                }
                json.push('}');
            }
        }
        Ok(())
    }

    fn rendered(
        &self,
        template: &Template,
        rendering: &mut Rendering<'_>,
    ) -> Result<String, RenderError> {
        if let Kind::Path(path) = &template.kind
            && let Some(written) = rendering.context().written(&path.root, &path.steps)
        {
            let walked = rendering.context().bytes(&path.root);
            rendering.pay((walked / BYTES_PER_FUEL) as u64, &template.at)?;
            rendering.count(written.len(), &template.at)?;
            return Ok(written.to_owned());
        }
        let rendered = rendering.render(&self.engine, template.number, &template.at)?;
        match (&template.kind, rendered.value) {
            (Kind::Value | Kind::Path(_), Some(value)) => {
                to_json(&value).map_err(|error| RenderError::of(&template.at, &error))
            }
            (Kind::Text, _) | (_, None) => Ok(quoted(&rendered.text)),
        }
    }
}

struct Compiler {
    engine: Engine,
    bytes: usize,
    count: usize,
    variables: Vec<Variable>,
    problems: Vec<Problem>,
}

impl Default for Compiler {
    fn default() -> Self {
        Self {
            engine: Engine::new(),
            bytes: 0,
            count: 0,
            variables: Vec::new(),
            problems: Vec::new(),
        }
    }
}

impl Compiler {
    fn node(&mut self, json: &str, at: &str) -> Node {
        if let Some(members) = members(json) {
            let node = |member: &Member<'_>| {
                let name = member.name();
                let at = if at.is_empty() {
                    name.into_owned()
                } else {
                    format!("{at}.{name}")
                };
                (member.quoted.to_owned(), self.node(member.value, &at))
            };
            return Node::Map(members.iter().map(node).collect());
        }
        if let Some(items) = items(json) {
            let nodes = items.iter().enumerate();
            return Node::List(
                nodes
                    .map(|(index, item)| self.node(item, &format!("{at}[{index}]")))
                    .collect(),
            );
        }
        match text(json) {
            Some(source) if is_template(&source) => self.template(&source, at),
            _ => Node::Constant(json.to_owned()),
        }
    }

    fn template(&mut self, source: &str, at: &str) -> Node {
        self.bytes += source.len();
        self.count += 1;
        let constant = Node::Constant("null".to_owned());
        // Told once, where the limit is passed.
        if self.bytes > MAX_TEMPLATE_BYTES {
            if self.bytes - source.len() <= MAX_TEMPLATE_BYTES {
                self.problems.push(too_long(at));
            }
            return constant;
        }
        if self.count > MAX_TEMPLATE_STRINGS {
            if self.count == MAX_TEMPLATE_STRINGS + 1 {
                let message = format!(
                    "is one of more than {MAX_TEMPLATE_STRINGS} templates in one payload; use fewer"
                );
                self.problems.push(Problem::new(at, message));
            }
            return constant;
        }
        let expression = whole::expression(source);
        // Without blanks around it, which would be a text beside the value.
        let exact = expression.map_or(source, |_| source.trim());
        match self.engine.add(exact, at) {
            Ok((number, names)) => {
                let at = at.to_owned();
                self.variables
                    .extend(names.into_iter().map(|name| Variable {
                        name,
                        at: at.clone(),
                    }));
                let kind = match expression {
                    None => Kind::Text,
                    Some(expression) => whole::path(expression).map_or(Kind::Value, Kind::Path),
                };
                Node::Template(Template { number, at, kind })
            }
            Err(problem) => {
                self.problems.push(problem);
                constant
            }
        }
    }
}

fn is_template(source: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|open| source.contains(open))
}
