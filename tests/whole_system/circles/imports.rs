//! Which files of a crate need each other.
//!
//! A file depends on another of its crate if it names something that the other defines: in `use`, in a path, or inside a macro. Names are
//! resolved as the compiler resolves them, through modules, imports and re-exports. So:
//!
//! - `mod child;` needs nothing. A parent that only declares and re-exports its children needs none of them.
//! - A name that `lib.rs` or another module re-exports leads to the file that defines it.
//! - Modules written inside a file belong to it.
//! - A module is part of the one that declares it, as in Rust's privacy rules: what it uses of its ancestors does not count. What it uses of
//!   their other children does.
//! - Tests are excluded: they may use anything that they test.
//! - Methods are not followed; the type that they are called on was named somewhere.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// Which file needs which.
pub(super) type Graph = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Reads a crate from its root, such as `src/lib.rs`.
pub(super) fn of_crate(root: &Path) -> Graph {
    Crate::read(root).needs()
}

type ModuleId = usize;

/// A crate's modules, the root first.
struct Crate {
    modules: Vec<Module>,
}

struct Module {
    file: PathBuf,
    parent: Option<ModuleId>,
    children: BTreeMap<String, ModuleId>,
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// The paths in its code, other than imports.
    paths: BTreeSet<Vec<String>>,
}

/// One name that `use` brings in; `*` for all of a module's.
struct Import {
    name: String,
    path: Vec<String>,
    is_public: bool,
}

impl Crate {
    fn read(root: &Path) -> Self {
        let mut whole = Self { modules: Vec::new() };
        let folder = root.parent().unwrap().to_owned();
        whole.read_file(root, &folder, None);
        whole
    }

    /// Reads a file as a module whose children's files are in `folder`.
    fn read_file(&mut self, file: &Path, folder: &Path, parent: Option<ModuleId>) -> ModuleId {
        let text = std::fs::read_to_string(file).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.read_items(&parsed.items, file, folder, parent)
    }

    fn read_items(
        &mut self,
        items: &[syn::Item],
        file: &Path,
        folder: &Path,
        parent: Option<ModuleId>,
    ) -> ModuleId {
        let id = self.modules.len();
        self.modules.push(Module {
            file: file.to_owned(),
            parent,
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            imports: Vec::new(),
            paths: BTreeSet::new(),
        });
        let items: Vec<_> = items.iter().filter(|item| !is_test(attributes(item))).collect();
        // Imports first: they say which single names are worth noting.
        let (imports, others): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| matches!(item, syn::Item::Use(_)));
        for item in imports.into_iter().chain(others) {
            match item {
                syn::Item::Mod(module) => {
                    // `r#try` is in `try.rs`.
                    let name = module.ident.to_string().trim_start_matches("r#").to_owned();
                    let inner = folder.join(&name);
                    let child = match &module.content {
                        Some((_, items)) => self.read_items(items, file, &inner, Some(id)),
                        None => {
                            let beside = folder.join(format!("{name}.rs"));
                            let file = if beside.is_file() { beside } else { inner.join("mod.rs") };
                            self.read_file(&file, &inner, Some(id))
                        }
                    };
                    self.modules[id].children.insert(name, child);
                }
                syn::Item::Use(import) => {
                    let is_public = !matches!(import.vis, syn::Visibility::Inherited);
                    flatten(&import.tree, Vec::new(), &mut |name, path| {
                        self.modules[id].imports.push(Import { name, path, is_public });
                    });
                }
                item => {
                    self.modules[id].items.extend(name_of(item));
                    let mut named = Named { module: &mut self.modules[id] };
                    named.visit_item(item);
                }
            }
        }
        id
    }

    /// The module that defines a path's target; `None` for targets in other crates or local ones.
    fn find(&self, from: ModuleId, path: &[String], depth: usize) -> Option<ModuleId> {
        let module = &self.modules[from];
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            _ if depth > 20 => None,
            "crate" => self.descend(0, rest, depth),
            "self" => self.descend(from, rest, depth),
            "super" => self.descend(module.parent?, rest, depth),
            name if module.children.contains_key(name)
                || module.imports.iter().any(|one| one.name == name) =>
            {
                self.descend(from, path, depth)
            }
            _ => None,
        }
    }

    /// Follows a path inside a module.
    fn descend(&self, module: ModuleId, path: &[String], depth: usize) -> Option<ModuleId> {
        let Some((first, rest)) = path.split_first() else { return Some(module) };
        let this = &self.modules[module];
        if first == "super" {
            return self.descend(this.parent?, rest, depth);
        }
        if this.items.contains(first) {
            return Some(module);
        }
        if let Some(child) = this.children.get(first) {
            return self.descend(*child, rest, depth);
        }
        if let Some(import) = this.imports.iter().find(|import| import.name == *first) {
            // An import of the same name as the first segment of its own path would be found again.
            let target = self.find_import(module, &import.path, depth)?;
            return if rest.is_empty() || !self.is_module(module, &import.path) {
                Some(target)
            } else {
                self.descend(target, rest, depth + 1)
            };
        }
        for glob in this.imports.iter().filter(|import| import.name == "*" && import.is_public) {
            if let Some(target) = self.find_import(module, &glob.path, depth)
                && self.modules[target].items.contains(first)
            {
                return Some(target);
            }
        }
        Some(module)
    }

    fn find_import(&self, module: ModuleId, path: &[String], depth: usize) -> Option<ModuleId> {
        match path.first().map(String::as_str)? {
            "crate" | "self" | "super" => self.find(module, path, depth + 1),
            first if self.modules[module].children.contains_key(first) => {
                self.descend(module, path, depth + 1)
            }
            _ => None,
        }
    }

    /// Whether an import's path leads to a module rather than to an item of one.
    fn is_module(&self, module: ModuleId, path: &[String]) -> bool {
        let Some(target) = self.find_import(module, path, 0) else { return false };
        let last = path.last();
        self.modules[target].parent.is_some_and(|parent| {
            self.modules[parent].children.iter().any(|(name, id)| *id == target && Some(name) == last)
        }) && !self.modules[target].items.contains(last.map_or("", String::as_str))
    }

    /// Whether a module, or one that it is in, is written in this file.
    fn is_own_or_ancestors(&self, module: ModuleId, file: &Path) -> bool {
        let mut modules = std::iter::successors(Some(module), |one| self.modules[*one].parent);
        modules.any(|one| self.modules[one].file == file)
    }

    /// Which file needs which.
    fn needs(&self) -> Graph {
        let mut graph = Graph::new();
        for (id, module) in self.modules.iter().enumerate() {
            let imported =
                module.imports.iter().filter(|import| !import.is_public).map(|import| &import.path);
            for path in imported.chain(&module.paths) {
                let Some(target) = self.find(id, path, 0) else { continue };
                let target = &self.modules[target].file;
                if !self.is_own_or_ancestors(id, target) {
                    graph.entry(module.file.clone()).or_default().insert(target.clone());
                }
            }
        }
        graph
    }
}

/// Collects the paths in a module's code.
struct Named<'a> {
    module: &'a mut Module,
}

impl<'ast> Visit<'ast> for Named<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        self.add_tokens(one.tokens.clone());
        visit::visit_macro(self, one);
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        // Inside a function.
        flatten(&import.tree, Vec::new(), &mut |_, path| self.add(path));
    }
}

impl Named<'_> {
    fn add(&mut self, path: Vec<String>) {
        // A single name without an import is local, or a variable.
        if path.len() > 1 || self.module.imports.iter().any(|import| path.first() == Some(&import.name)) {
            self.module.paths.insert(path);
        }
    }

    /// Macros hold no syntax tree: names joined by `::` are paths.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.add(std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    self.add(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
        }
        self.add(path);
    }
}

fn flatten(tree: &syn::UseTree, mut path: Vec<String>, found: &mut impl FnMut(String, Vec<String>)) {
    match tree {
        syn::UseTree::Path(step) => {
            path.push(step.ident.to_string());
            flatten(&step.tree, path, found);
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            found(path.last().cloned().unwrap_or_default(), path);
        }
        syn::UseTree::Name(name) => {
            path.push(name.ident.to_string());
            found(name.ident.to_string(), path);
        }
        syn::UseTree::Rename(name) => {
            if name.ident != "self" {
                path.push(name.ident.to_string());
            }
            found(name.rename.to_string(), path);
        }
        syn::UseTree::Glob(_) => found("*".to_owned(), path),
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|tree| flatten(tree, path.clone(), found));
        }
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

fn name_of(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}
