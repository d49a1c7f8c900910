//! Names that are unique and stable: the author's where given, else the method and an ordinal.

use std::collections::{HashMap, HashSet};

use super::{NodeId, ScopeId, Subject};
use crate::Location;

/// What names a step or composite.
pub(super) struct Draft {
    pub(super) base: String,
    pub(super) explicit: Option<String>,
    pub(super) scope: Option<ScopeId>,
    pub(super) location: Location,
}

impl Draft {
    pub(super) fn new(base: String, scope: Option<ScopeId>, location: Location) -> Self {
        Draft { base: base.replace('/', "|"), explicit: None, scope, location }
    }
}

/// Full names by id, and the subjects whose name was taken before, with the place of the first.
pub(super) struct Names {
    pub(super) nodes: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) doubled: Vec<(Subject, Location)>,
}

/// Names all steps and composites. In each scope explicit names come first, so that no automatic
/// one collides with them; automatic ones count by kind in the order of application.
pub(super) fn name_all(nodes: &[&Draft], scopes: &[Draft]) -> Names {
    // In the order of application: a scope's draft is made before those inside it, but nodes and
    // scopes are numbered apart, so they are merged by where the counting happens, their scope.
    let subjects = || {
        let scopes = scopes.iter().enumerate().map(|(i, d)| (Subject::Scope(ScopeId(i)), d));
        let nodes = nodes.iter().enumerate().map(|(i, d)| (Subject::Node(NodeId(i)), *d));
        scopes.chain(nodes)
    };

    let mut taken: HashMap<(Option<ScopeId>, &str), Location> = HashMap::new();
    let mut doubled = Vec::new();
    for (subject, draft) in subjects() {
        let Some(name) = &draft.explicit else { continue };
        match taken.get(&(draft.scope, name.as_str())) {
            Some(first) => doubled.push((subject, *first)),
            None => {
                taken.insert((draft.scope, name), draft.location);
            }
        }
    }

    let explicit: HashSet<(Option<ScopeId>, &str)> = taken.into_keys().collect();
    let mut counts: HashMap<(Option<ScopeId>, &str), usize> = HashMap::new();
    let mut names = Names { nodes: Vec::new(), scopes: Vec::new(), doubled };
    for (subject, draft) in subjects() {
        let own = match &draft.explicit {
            Some(name) => name.clone(),
            None => loop {
                let count = counts.entry((draft.scope, &draft.base)).or_insert(0);
                *count += 1;
                let name = match *count {
                    1 => draft.base.clone(),
                    n => format!("{}{n}", draft.base),
                };
                if !explicit.contains(&(draft.scope, name.as_str())) {
                    break name;
                }
            },
        };
        let full = match draft.scope {
            Some(scope) if !crate::fault!("names-lose-their-scope") => {
                format!("{}/{own}", names.scopes[scope.0])
            }
            _ => own,
        };
        match subject {
            Subject::Node(_) => names.nodes.push(full),
            Subject::Scope(_) => names.scopes.push(full),
        }
    }
    names
}
