//! The reference page of the manifest language, in either language: a tree of the whole, and every part of it once.

use std::collections::VecDeque;
use std::fmt::Write as _;

use crate::Manifest;
use crate::explain::{EACH, Tongue};
use crate::page::{Page, link, quoted};
use crate::shape::{Key, Part as _, Shape};
use crate::template::{NAMED, VALUES};

/// The whole reference, as Markdown.
#[must_use]
pub fn reference(tongue: Tongue) -> String {
    let mut page = Page { tongue, linked: true, out: String::new() };
    page.line(tongue.pick(
        "# The manifest language\n\nMade from its definition in `core/manifest/`; do not edit. `huiliu connectors explain PLACE` prints all that can stand at one place, as `stream.page`. In an editor, use `docs/manifest.schema.json`, whose definitions have the names that the sections below have.",
        "# 清单语言\n\n由 `core/manifest/` 中的定义生成，请勿手改。`huiliu connectors explain 位置`（如 `stream.page`）显示该处可写的全部内容。编辑器可用 `docs/manifest.schema.json`，其中各定义的名称即下文各节的名称。",
    ));
    let language = Language::of(Manifest::SHAPE);
    let outline = language.outline();
    page.chapter(tongue.pick("The whole language", "语言全貌"));
    page.line("");
    outline.iter().filter(|leaf| !is_list(leaf.part.shape)).for_each(|leaf| page.leaf(&language, leaf));
    page.chapter(tongue.pick("Its parts", "各部分"));
    for leaf in &outline {
        page.part(leaf.part);
    }
    page.chapter(tongue.pick("Values in requests", "请求中的取值"));
    page.line("");
    page.values();
    page.out
}

/// What of the language has a name, in the order in which it is met, the least deep first.
struct Language(Vec<Part>);

/// What has a name, and all places where it stands. The tree shows it at the first of them.
struct Part {
    name: &'static str,
    shape: &'static Shape,
    places: Vec<String>,
}

/// A part in the tree.
struct Leaf<'l> {
    depth: usize,
    part: &'l Part,
}

impl Language {
    fn of(root: &'static Shape) -> Self {
        let mut parts: Vec<Part> = vec![];
        let mut ahead = VecDeque::from([(String::new(), root)]);
        while let Some((place, shape)) = ahead.pop_front() {
            let Some((name, shape)) = named(shape) else { continue };
            match parts.iter_mut().find(|part| part.name == name) {
                // Two cases of a choice can have the same key.
                Some(part) if part.places.contains(&place) => continue,
                Some(part) => part.places.push(place.clone()),
                None => parts.push(Part { name, shape, places: vec![place.clone()] }),
            }
            ahead.extend(inner(shape).into_iter().map(|(key, shape)| (below(&place, key), shape)));
        }
        Self(parts)
    }

    /// The part that the tree shows at a place.
    fn shown(&self, place: &str) -> Option<&Part> {
        self.0.iter().find(|part| part.places.first().is_some_and(|first| first == place))
    }

    /// Every part once: each before what it holds.
    fn outline(&self) -> Vec<Leaf<'_>> {
        let mut outline = vec![];
        self.walk("", 0, &mut outline);
        outline
    }

    fn walk<'l>(&'l self, place: &str, depth: usize, outline: &mut Vec<Leaf<'l>>) {
        let Some(part) = self.shown(place).filter(|part| outline.iter().all(|leaf| leaf.part.name != part.name)) else {
            return;
        };
        outline.push(Leaf { depth, part });
        for (key, _) in inner(part.shape) {
            self.walk(&below(place, key), depth + 1, outline);
        }
    }
}

impl Page {
    fn chapter(&mut self, title: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "\n## {title}");
    }

    /// A part in the tree: its keys, of which those that the tree shows below are left out.
    fn leaf(&mut self, language: &Language, leaf: &Leaf<'_>) {
        let place = leaf.part.places.first().map_or("", String::as_str);
        let key = match place.rsplit('.').next() {
            Some(key) if !key.is_empty() => key,
            _ => self.tongue.pick("the manifest", "清单"),
        };
        let mut keys: Vec<String> = vec![];
        for (key, shape) in inner(leaf.part.shape) {
            let further = language.shown(&below(place, key)).is_some_and(|part| !is_list(part.shape));
            let said = named(shape).map_or_else(|| format!("`{key}`"), |(name, _)| link(&format!("`{key}`"), name));
            if !further && !keys.contains(&said) {
                keys.push(said);
            }
        }
        let keys = keys.join(" ");
        let said = match leaf.part.shape {
            Shape::Choice(choice) => {
                let by = self.tongue.pick("by", "取决于");
                let cases = quoted(choice.cases.iter().map(|case| case.word));
                let and = if keys.is_empty() { "" } else { "; " };
                format!("{by} `{}` = {cases}{and}{keys}", choice.key)
            }
            Shape::Steps(list) => {
                quoted(list.all.iter().filter(|step| step.needs.is_none()).map(|step| step.word)) + " " + &keys
            }
            Shape::Known(fields) => format!("{} {}", fields.of.all.len(), self.tongue.pick("fields", "个字段")),
            _ => keys,
        };
        let (indent, key) = ("  ".repeat(leaf.depth), link(&format!("`{key}`"), leaf.part.name));
        let _ = writeln!(self.out, "{indent}- {key}: {said}");
    }

    /// A part's section.
    fn part(&mut self, part: &Part) {
        let words = match part.shape {
            Shape::Table(table) | Shape::Short { table, .. } => table.words,
            Shape::Choice(choice) => choice.words,
            Shape::Steps(list) => list.words,
            Shape::OneOf(list) => list.words,
            Shape::Known(fields) => fields.words,
            _ => return,
        };
        let _ = writeln!(self.out, "\n### {}\n\n{}\n", part.name, self.tongue.of(words));
        self.places(part);
        match part.shape {
            Shape::Table(table) => self.keys(table.keys),
            Shape::Short { key, table } => {
                let short = self.short();
                let _ = writeln!(self.out, "{short}`{key}`\n");
                self.keys(table.keys);
            }
            Shape::Choice(choice) => {
                for (nth, case) in choice.cases.iter().enumerate() {
                    let (gap, words) = (if nth == 0 { "" } else { "\n" }, self.tongue.of(case.words));
                    let _ = writeln!(self.out, "{gap}**`{} = \"{}\"`** — {words}", choice.key, case.word);
                    if !case.keys.is_empty() {
                        self.line("");
                        self.keys(case.keys);
                    }
                }
            }
            Shape::Steps(list) => self.steps(list),
            Shape::OneOf(list) => self.list(list),
            Shape::Known(fields) => {
                let each = self.tongue.pick("Each is", "每项为");
                let _ = writeln!(self.out, "{each} {}\n", self.what(fields.value));
                self.list(fields.of);
            }
            _ => {}
        }
    }

    /// Where a part stands.
    fn places(&mut self, part: &Part) {
        let places: Vec<String> =
            part.places.iter().filter(|place| !place.is_empty()).map(|place| format!("`{place}`")).collect();
        if !places.is_empty() {
            let _ = match self.tongue {
                Tongue::English => writeln!(self.out, "Used at {}.\n", places.join(", ")),
                Tongue::Chinese => writeln!(self.out, "用于 {}。\n", places.join("、")),
            };
        }
    }

    fn values(&mut self) {
        for (value, words) in VALUES {
            let _ = writeln!(self.out, "- `${{{value}}}` — {}", self.tongue.of(*words));
        }
        for (value, words) in NAMED {
            let _ = writeln!(self.out, "- `${{{value}.…}}` — {}", self.tongue.of(*words));
        }
    }
}

/// What has a name in a shape: itself, or what there are several of.
fn named(shape: &'static Shape) -> Option<(&'static str, &'static Shape)> {
    match shape {
        Shape::List(inner) | Shape::Names(inner) => named(inner),
        _ => shape.name().map(|name| (name, shape)),
    }
}

/// What stands in a part, by the step that leads there.
fn inner(shape: &'static Shape) -> Vec<(&'static str, &'static Shape)> {
    let of = |keys: &'static [Key]| keys.iter().map(|key| (key.name, key.shape));
    match shape {
        Shape::Table(table) | Shape::Short { table, .. } => of(table.keys).collect(),
        Shape::Choice(choice) => choice.cases.iter().flat_map(|case| of(case.keys)).collect(),
        Shape::Steps(list) => list.all.iter().filter_map(|step| step.needs.map(|needs| (step.word, needs))).collect(),
        Shape::Known(fields) => vec![(EACH, fields.value)],
        _ => vec![],
    }
}

fn is_list(shape: &Shape) -> bool {
    matches!(shape, Shape::OneOf(_))
}

fn below(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}
