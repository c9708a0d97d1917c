//! XML of callbacks: read within limits and without document types, and written as WeChat Work writes it.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};

use super::error::XmlFault;
use super::query::whole;

/// Most elements of a text. The largest of WeChat Work's events, about an approval, has some hundreds.
const MAX_ELEMENTS: usize = 4096;
/// Most elements within each other. WeChat Work's events have up to 7.
const MAX_DEPTH: usize = 16;

/// Element with what is in it: other elements, or a text. Attributes are not kept.
#[derive(Default)]
pub(super) struct Element {
    name: String,
    /// Text of all kinds, in its order.
    text: String,
    /// Text of CDATA sections.
    cdata: String,
    has_cdata: bool,
    children: Vec<Self>,
}

impl Element {
    /// Reads the one element of a text.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, XmlFault> {
        let text = std::str::from_utf8(bytes).map_err(|_| XmlFault::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader::from_str(text);
        let mut building = Building::default();
        loop {
            let at = reader.buffer_position();
            let malformed = XmlFault::Malformed(at);
            match reader.read_event().map_err(|_| malformed)? {
                Event::Start(tag) => building.open(tag.name().as_ref())?,
                Event::Empty(tag) => {
                    building.open(tag.name().as_ref())?;
                    building.close().ok_or(malformed)?;
                }
                Event::End(_) => building.close().ok_or(malformed)?,
                Event::Text(piece) => building.write(&piece.xml10_content()).ok_or(malformed)?,
                Event::CData(piece) => {
                    building
                        .write_cdata(&piece.xml10_content())
                        .ok_or(malformed)?;
                }
                Event::GeneralRef(entity) => {
                    let letter = resolve(&entity).ok_or(XmlFault::Entity(at))?;
                    building.write(&letter).ok_or(malformed)?;
                }
                Event::Decl(_) | Event::Comment(_) => {}
                Event::PI(_) => return Err(malformed),
                Event::DocType(_) => return Err(XmlFault::DocumentType),
                Event::Eof => return building.root.ok_or(malformed),
            }
        }
    }

    /// Text of the element. Blanks around a CDATA section are layout.
    pub(super) fn text(&self) -> &str {
        if self.has_cdata && self.cdata.trim() == self.text.trim() {
            &self.cdata
        } else {
            &self.text
        }
    }

    /// Elements of a name directly in this one.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element of a name; `None` when there is none. Errors when there are several, since nobody can tell which one counts.
    pub(super) fn child(&self, name: &'static str) -> Result<Option<&Self>, XmlFault> {
        let mut found = self.all(name);
        let first = found.next();
        match found.next() {
            Some(_) => Err(XmlFault::Repeated(name)),
            None => Ok(first),
        }
    }

    /// Text of the element of a name; empty when there is none.
    pub(super) fn text_of(&self, name: &'static str) -> Result<&str, XmlFault> {
        Ok(self.child(name)?.map_or("", Self::text))
    }

    /// Text of the element of a name. Errors when it is missing or empty.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str, XmlFault> {
        match self.text_of(name)? {
            "" => Err(XmlFault::Missing(name)),
            text => Ok(text),
        }
    }

    /// Whole number of the element of a name; `None` when it is missing or empty.
    pub(super) fn number<T: TryFrom<u64>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, XmlFault> {
        let text = self.text_of(name)?.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let number = whole(text).and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or(XmlFault::NotANumber(name))
    }
}

/// Elements that are being read.
#[derive(Default)]
struct Building {
    /// Elements that are open, the outermost first.
    open: Vec<Element>,
    /// Outermost element, once it is closed.
    root: Option<Element>,
    elements: usize,
}

impl Building {
    fn open(&mut self, name: &str) -> Result<(), XmlFault> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(XmlFault::TooMany);
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(XmlFault::TooDeep);
        }
        self.open.push(Element {
            name: name.to_owned(),
            ..Element::default()
        });
        Ok(())
    }

    /// Closes the innermost element; `None` when it is a second outermost one.
    fn close(&mut self) -> Option<()> {
        let element = self.open.pop()?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None if self.root.is_none() => self.root = Some(element),
            None => return None,
        }
        Some(())
    }

    /// Adds text to the innermost element; `None` when there is none and the text is not blank.
    fn write(&mut self, text: &str) -> Option<()> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None => return text.trim().is_empty().then_some(()),
        }
        Some(())
    }

    fn write_cdata(&mut self, text: &str) -> Option<()> {
        let element = self.open.last_mut()?;
        element.has_cdata = true;
        element.text.push_str(text);
        element.cdata.push_str(text);
        Some(())
    }
}

/// Text of an entity; `None` when XML itself does not define it.
fn resolve(entity: &BytesRef<'_>) -> Option<String> {
    if entity.is_char_ref() {
        return entity.resolve_char_ref().ok()?.map(String::from);
    }
    resolve_xml_entity(entity).map(str::to_owned)
}

/// Text in a CDATA section. An end of one in the text is split over two.
pub(super) fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}
