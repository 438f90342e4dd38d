//! The XML of a file: its container, and the elements in it, one after the other.
//!
//! By quick-xml, which borrows from the file and lets every event be judged before anything is kept: a tree of
//! the whole file (roxmltree) would hold all keys at once, in copies that nobody wipes. What quick-xml leaves to its
//! caller is done here: no document type, no entity but XML's own, one root, nothing beside it, and limits. What must
//! never happen: a document that costs more memory or time than its length.

use super::PskcRefusal;
use crate::secret::Secret;
use crate::tokens::gathering::Broken;
use crate::tokens::without;
use data_encoding::BASE64;
use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use zeroize::Zeroizing;

/// Deepest nesting below the container: `KeyPackage/Key/Data/Secret/EncryptedValue/CipherData/CipherValue` is seven.
const MAX_DEPTH: usize = 16;

/// Most elements in a child of the container: a package of everything RFC 6030 names has about fifty.
const MAX_ELEMENTS: usize = 256;

/// Most attributes of an element, namespaces included: the RFC's container has six.
const MAX_ATTRIBUTES: usize = 32;

/// Most bytes of text and attributes in a child of the container: certificates beside a signature are the longest.
const MAX_TEXT: usize = 64 * 1024;

/// The namespaces RFC 6030 uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Pskc,
    Encryption,
    Encryption11,
    Signature,
    /// Another, or none: the salt of the RFC's own example is in none.
    Other,
}

impl Space {
    fn of(resolved: &ResolveResult<'_>) -> Self {
        match resolved {
            ResolveResult::Bound(Namespace("urn:ietf:params:xml:ns:keyprov:pskc")) => Self::Pskc,
            ResolveResult::Bound(Namespace("http://www.w3.org/2001/04/xmlenc#")) => Self::Encryption,
            ResolveResult::Bound(Namespace("http://www.w3.org/2009/xmlenc11#")) => Self::Encryption11,
            ResolveResult::Bound(Namespace("http://www.w3.org/2000/09/xmldsig#")) => Self::Signature,
            _ => Self::Other,
        }
    }
}

/// An element with all that is in it.
pub(super) struct Element {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    pub(super) space: Space,
    /// Without its prefix.
    pub(super) name: String,
    /// As they stand in the file, without those that declare namespaces.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    text: Zeroizing<String>,
}

impl Element {
    /// The only child of this name.
    ///
    /// # Errors
    /// When there are two: another reader might take the other.
    pub(super) fn child(&self, space: Space, name: &'static str) -> Result<Option<&Self>, PskcRefusal> {
        only(self.children.iter().filter(|child| child.space == space && child.name == name), name)
    }

    /// The only child of this name, whatever its namespace.
    pub(super) fn any(&self, name: &'static str) -> Result<Option<&Self>, PskcRefusal> {
        only(self.children.iter().filter(|child| child.name == name), name)
    }

    /// The only child of this name in PSKC's own namespace.
    pub(super) fn pskc(&self, name: &'static str) -> Result<Option<&Self>, PskcRefusal> {
        self.child(Space::Pskc, name)
    }

    /// An attribute, as it stands in the file.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Its text, without the blanks around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Adds to its text. Growing would leave unwiped copies.
    fn push(&mut self, more: &str) {
        let mut text = Zeroizing::new(String::with_capacity(self.text.len() + more.len()));
        text.push_str(&self.text);
        text.push_str(more);
        self.text = text;
    }
}

fn only<'a>(
    mut found: impl Iterator<Item = &'a Element>,
    name: &'static str,
) -> Result<Option<&'a Element>, PskcRefusal> {
    let first = found.next();
    if found.next().is_some() { Err(PskcRefusal::Twice(name)) } else { Ok(first) }
}

/// The bytes behind base64 with blanks and line breaks in it.
pub(super) fn base64(text: &str) -> Option<Secret> {
    let symbols = without(text, |byte| byte.is_ascii_whitespace());
    BASE64.decode(&symbols).ok().map(Secret::new)
}

/// A file whose container was opened.
pub(super) struct Document<'a> {
    reader: NsReader<&'a [u8]>,
    text: &'a str,
    /// How far lines were counted.
    counted: usize,
    line: usize,
}

impl<'a> Document<'a> {
    /// Reads up to the container's first child.
    pub(super) fn open(text: &'a str) -> Result<Self, Broken> {
        let mut document = Self { reader: NsReader::from_str(text), text, counted: 0, line: 1 };
        loop {
            match document.event()? {
                Read::Start(container) => {
                    let known = container.space == Space::Pskc && container.name == "KeyContainer";
                    return if known && container.attribute("Version") == Some("1.0") {
                        Ok(document)
                    } else {
                        Err(document.broken(PskcRefusal::NotPskc))
                    };
                }
                Read::Nothing => {}
                Read::Text(text) if text.trim().is_empty() => {}
                Read::Empty(_) => return Err(document.broken(PskcRefusal::NotPskc)),
                Read::Text(_) | Read::End | Read::Over => return Err(document.broken(PskcRefusal::Xml)),
            }
        }
    }

    /// The next child of the container; `None` after the last one, when nothing follows the container.
    pub(super) fn next(&mut self) -> Result<Option<Element>, Broken> {
        loop {
            match self.event()? {
                Read::Start(element) => return self.whole(element).map(Some),
                Read::Empty(element) => return Ok(Some(element)),
                Read::End => return self.rest().map(|()| None),
                Read::Nothing => {}
                Read::Text(text) if text.trim().is_empty() => {}
                Read::Text(_) | Read::Over => return Err(self.broken(PskcRefusal::Xml)),
            }
        }
    }

    /// Reads an element to its end.
    fn whole(&mut self, element: Element) -> Result<Element, Broken> {
        let (mut elements, mut bytes) = (0, 0);
        let mut open = vec![element];
        loop {
            let read = self.event()?;
            bytes += match &read {
                Read::Start(element) | Read::Empty(element) => {
                    elements += 1;
                    element.attributes.iter().map(|(name, value)| name.len() + value.len()).sum()
                }
                Read::Text(text) => text.len(),
                Read::End | Read::Nothing | Read::Over => 0,
            };
            if bytes > MAX_TEXT || elements > MAX_ELEMENTS || open.len() > MAX_DEPTH {
                return Err(self.broken(PskcRefusal::TooMuch));
            }
            let done = match (read, open.last_mut()) {
                (Read::Nothing, _) => continue,
                (Read::Start(element), _) => {
                    open.push(element);
                    continue;
                }
                (Read::Text(text), Some(inner)) => {
                    inner.push(&text);
                    continue;
                }
                (Read::Empty(element), _) => Some(element),
                (Read::End, _) => open.pop(),
                (Read::Over | Read::Text(_), _) => None,
            };
            match (done, open.last_mut()) {
                (Some(done), Some(outer)) => outer.children.push(done),
                (Some(done), None) => return Ok(done),
                (None, _) => return Err(self.broken(PskcRefusal::Xml)),
            }
        }
    }

    /// What may follow the container: comments and blanks.
    fn rest(&mut self) -> Result<(), Broken> {
        loop {
            match self.event()? {
                Read::Over => return Ok(()),
                Read::Nothing => {}
                Read::Text(text) if text.trim().is_empty() => {}
                Read::Start(_) | Read::Empty(_) | Read::End | Read::Text(_) => {
                    return Err(self.broken(PskcRefusal::Xml));
                }
            }
        }
    }

    fn event(&mut self) -> Result<Read, Broken> {
        self.count_lines();
        let line = self.line;
        let broken = |why: PskcRefusal| Broken { line, why: why.into() };
        let (resolved, event) = self.reader.read_resolved_event().map_err(|_| broken(PskcRefusal::Xml))?;
        let space = Space::of(&resolved);
        match event {
            Event::Start(tag) => element(line, space, &tag).map(Read::Start),
            Event::Empty(tag) => element(line, space, &tag).map(Read::Empty),
            Event::End(_) => Ok(Read::End),
            Event::Text(text) => Ok(Read::Text(Zeroizing::new(String::from(&*text)))),
            Event::CData(text) => Ok(Read::Text(Zeroizing::new(String::from(&*text)))),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => Ok(Read::Text(Zeroizing::new(String::from(c)))),
                Ok(None) => match resolve_predefined_entity(&name) {
                    Some(text) => Ok(Read::Text(Zeroizing::new(String::from(text)))),
                    None => Err(PskcRefusal::Entity),
                },
                Err(_) => Err(PskcRefusal::Entity),
            },
            Event::DocType(_) => Err(PskcRefusal::DocType),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Ok(Read::Nothing),
            Event::Eof => Ok(Read::Over),
        }
        .map_err(broken)
    }

    fn count_lines(&mut self) {
        let at = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX).min(self.text.len());
        let read = self.text.as_bytes().get(self.counted..at).unwrap_or_default();
        self.line += crate::tokens::newlines(read);
        self.counted = at;
    }

    fn broken(&self, why: PskcRefusal) -> Broken {
        Broken { line: self.line, why: why.into() }
    }
}

/// What there is next.
enum Read {
    Start(Element),
    Empty(Element),
    End,
    Text(Zeroizing<String>),
    /// Comments, processing instructions, the declaration.
    Nothing,
    /// The end of the file.
    Over,
}

fn element(line: usize, space: Space, tag: &BytesStart<'_>) -> Result<Element, PskcRefusal> {
    let mut attributes = Vec::new();
    for (index, attribute) in tag.attributes().enumerate() {
        if index == MAX_ATTRIBUTES {
            return Err(PskcRefusal::TooMuch);
        }
        let attribute = attribute.map_err(|_| PskcRefusal::Xml)?;
        if attribute.key.as_namespace_binding().is_none() {
            attributes.push((attribute.key.into_inner().to_owned(), attribute.value.into_owned()));
        }
    }
    let name = tag.local_name().into_inner().to_owned();
    Ok(Element { line, space, name, attributes, children: Vec::new(), text: Zeroizing::default() })
}
