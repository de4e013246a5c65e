//! Renders the reference page of the manifest language, in either language: a tree of the whole, then every part
//! once.

use std::collections::VecDeque;
use std::fmt::Write as _;

use crate::Manifest;
use crate::explain::{DocLanguage, EACH};
use crate::page::{Page, quote_words, section_link};
use crate::shape::{Key, Part as _, Shape};
use crate::template::{NAMED, VALUES};

/// Renders the whole reference as Markdown.
#[must_use]
pub fn render_reference(tongue: DocLanguage) -> String {
    let mut page = Page { tongue, linked: true, out: String::new() };
    page.push_line(tongue.pick_text(
        "# The manifest language\n\nGenerated from the definition in `core/manifest/`; do not edit. `huiliu connectors explain PLACE` prints everything allowed at one place, such as `stream.page`. In an editor, use `docs/manifest.schema.json`; its definitions have the same names as the sections below.",
        "# 清单语言\n\n由 `core/manifest/` 中的定义生成，请勿手改。`huiliu connectors explain 位置`（如 `stream.page`）显示该处可写的全部内容。编辑器可用 `docs/manifest.schema.json`，其中各定义的名称即下文各节的名称。",
    ));
    let language = Language::from_shape(Manifest::SHAPE);
    let outline = language.build_outline();
    page.write_chapter(tongue.pick_text("The whole language", "语言全貌"));
    page.push_line("");
    outline.iter().filter(|leaf| !is_list(leaf.part.shape)).for_each(|leaf| page.write_leaf(&language, leaf));
    page.write_chapter(tongue.pick_text("Its parts", "各部分"));
    for leaf in &outline {
        page.write_part(leaf.part);
    }
    page.write_chapter(tongue.pick_text("Values in requests", "请求中的取值"));
    page.push_line("");
    page.write_values();
    page.out
}

/// The named parts of the language, in breadth-first order.
struct Language(Vec<Part>);

/// A named part and all places where it is used. The tree shows it at the first of them.
struct Part {
    name: &'static str,
    shape: &'static Shape,
    places: Vec<String>,
}

/// A part in the tree, with its depth.
struct Leaf<'l> {
    depth: usize,
    part: &'l Part,
}

impl Language {
    fn from_shape(root: &'static Shape) -> Self {
        let mut parts: Vec<Part> = vec![];
        let mut ahead = VecDeque::from([(String::new(), root)]);
        while let Some((place, shape)) = ahead.pop_front() {
            let Some((name, shape)) = find_named(shape) else { continue };
            match parts.iter_mut().find(|part| part.name == name) {
                // Two cases of a choice can have the same key.
                Some(part) if part.places.contains(&place) => continue,
                Some(part) => part.places.push(place.clone()),
                None => parts.push(Part { name, shape, places: vec![place.clone()] }),
            }
            ahead.extend(inner_shapes(shape).into_iter().map(|(key, shape)| (join_place(&place, key), shape)));
        }
        Self(parts)
    }

    /// Returns the part that the tree shows at a place.
    fn part_at(&self, place: &str) -> Option<&Part> {
        self.0.iter().find(|part| part.places.first().is_some_and(|first| first == place))
    }

    /// Returns every part once, each before the parts it contains.
    fn build_outline(&self) -> Vec<Leaf<'_>> {
        let mut outline = vec![];
        self.add_to_outline("", 0, &mut outline);
        outline
    }

    fn add_to_outline<'l>(&'l self, place: &str, depth: usize, outline: &mut Vec<Leaf<'l>>) {
        let Some(part) = self.part_at(place).filter(|part| outline.iter().all(|leaf| leaf.part.name != part.name))
        else {
            return;
        };
        outline.push(Leaf { depth, part });
        for (key, _) in inner_shapes(part.shape) {
            self.add_to_outline(&join_place(place, key), depth + 1, outline);
        }
    }
}

impl Page {
    fn write_chapter(&mut self, title: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "\n## {title}");
    }

    /// Writes a part in the tree with its keys, without those that the tree shows below it.
    fn write_leaf(&mut self, language: &Language, leaf: &Leaf<'_>) {
        let place = leaf.part.places.first().map_or("", String::as_str);
        let key = match place.rsplit('.').next() {
            Some(key) if !key.is_empty() => key,
            _ => self.tongue.pick_text("the manifest", "清单"),
        };
        let mut keys: Vec<String> = vec![];
        for (key, shape) in inner_shapes(leaf.part.shape) {
            let further = language.part_at(&join_place(place, key)).is_some_and(|part| !is_list(part.shape));
            let said = find_named(shape)
                .map_or_else(|| format!("`{key}`"), |(name, _)| section_link(&format!("`{key}`"), name));
            if !further && !keys.contains(&said) {
                keys.push(said);
            }
        }
        let keys = keys.join(" ");
        let said = match leaf.part.shape {
            Shape::Choice(choice) => {
                let by = self.tongue.pick_text("by", "取决于");
                let cases = quote_words(choice.cases.iter().map(|case| case.word));
                let and = if keys.is_empty() { "" } else { self.tongue.pick_text("; ", "；") };
                format!("{by} `{}` = {cases}{and}{keys}", choice.key)
            }
            Shape::Steps(list) => {
                quote_words(list.all.iter().filter(|step| step.needs.is_none()).map(|step| step.word)) + " " + &keys
            }
            Shape::Known(fields) => format!("{} {}", fields.of.all.len(), self.tongue.pick_text("fields", "个字段")),
            _ => keys,
        };
        let (indent, key) = ("  ".repeat(leaf.depth), section_link(&format!("`{key}`"), leaf.part.name));
        let colon = self.tongue.pick_text(": ", "：");
        let _ = writeln!(self.out, "{indent}- {key}{colon}{said}");
    }

    /// Writes a part's section.
    fn write_part(&mut self, part: &Part) {
        let words = match part.shape {
            Shape::Table(table) | Shape::Short { table, .. } => table.words,
            Shape::Choice(choice) => choice.words,
            Shape::Steps(list) => list.words,
            Shape::OneOf(list) => list.words,
            Shape::Known(fields) => fields.words,
            _ => return,
        };
        let _ = writeln!(self.out, "\n### {}\n\n{}\n", part.name, self.tongue.text_of(words));
        self.write_places(part);
        match part.shape {
            Shape::Table(table) => self.write_keys(table.keys),
            Shape::Short { key, table } => {
                let short = self.short_form_intro();
                let _ = writeln!(self.out, "{short}`{key}`\n");
                self.write_keys(table.keys);
            }
            Shape::Choice(choice) => {
                for (nth, case) in choice.cases.iter().enumerate() {
                    let (gap, words) = (if nth == 0 { "" } else { "\n" }, self.tongue.text_of(case.words));
                    let _ = writeln!(self.out, "{gap}**`{} = \"{}\"`** — {words}", choice.key, case.word);
                    if !case.keys.is_empty() {
                        self.push_line("");
                        self.write_keys(case.keys);
                    }
                }
            }
            Shape::Steps(list) => self.write_steps(list),
            Shape::OneOf(list) => self.write_words(list),
            Shape::Known(fields) => {
                let each = self.tongue.pick_text("Each is", "每项为");
                let _ = writeln!(self.out, "{each} {}\n", self.describe_shape(fields.value));
                self.write_words(fields.of);
            }
            _ => {}
        }
    }

    /// Writes where a part is used.
    fn write_places(&mut self, part: &Part) {
        let places: Vec<String> =
            part.places.iter().filter(|place| !place.is_empty()).map(|place| format!("`{place}`")).collect();
        if !places.is_empty() {
            let _ = match self.tongue {
                DocLanguage::English => writeln!(self.out, "Used at {}.\n", places.join(", ")),
                DocLanguage::Chinese => writeln!(self.out, "用于 {}。\n", places.join("、")),
            };
        }
    }

    fn write_values(&mut self) {
        for (value, words) in VALUES {
            let _ = writeln!(self.out, "- `${{{value}}}` — {}", self.tongue.text_of(*words));
        }
        for (value, words) in NAMED {
            let _ = writeln!(self.out, "- `${{{value}.…}}` — {}", self.tongue.text_of(*words));
        }
    }
}

/// Returns the named part in a shape: the shape itself, or the items of a list or table of names.
fn find_named(shape: &'static Shape) -> Option<(&'static str, &'static Shape)> {
    match shape {
        Shape::List(inner) | Shape::Names(inner) => find_named(inner),
        _ => shape.name().map(|name| (name, shape)),
    }
}

/// Returns the shapes inside a part, by the step that leads to each.
fn inner_shapes(shape: &'static Shape) -> Vec<(&'static str, &'static Shape)> {
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

fn join_place(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}
