//! Graphs of files, and the circles in them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Files, each with those that it points to, and the name by which it does.
pub(crate) type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// Sets of two and more files that all reach each other (strongly connected components).
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = graph
        .keys()
        .map(|from| (from, reached(graph, from)))
        .collect();
    let mut circles = Vec::new();
    let mut seen = BTreeSet::new();
    for from in graph.keys().filter(|from| reach[from].contains(from)) {
        if seen.contains(from) {
            continue;
        }
        let is_with_it = |to: &&&String| reach.get(**to).is_some_and(|back| back.contains(from));
        let circle: Vec<String> = reach[from]
            .iter()
            .filter(is_with_it)
            .map(|to| (*to).clone())
            .collect();
        seen.extend(circle.iter().cloned());
        circles.push(circle);
    }
    circles
}

/// Files that can be reached from a file in one step and more.
fn reached<'a>(graph: &'a Graph, from: &String) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&String> = graph
        .get(from)
        .into_iter()
        .flat_map(|to| to.keys())
        .collect();
    while let Some(file) = open.pop() {
        if found.insert(file) {
            open.extend(graph.get(file).into_iter().flat_map(|to| to.keys()));
        }
    }
    found
}

/// Shortest path round among the files of a circle.
pub(crate) fn shortest(graph: &Graph, circle: &[String]) -> Vec<String> {
    let ways = circle.iter().filter_map(|file| way_back(graph, file));
    ways.min_by_key(Vec::len).unwrap_or_default()
}

/// Shortest path from a file back to itself, without its end.
fn way_back(graph: &Graph, from: &String) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![from.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for to in graph.get(way.last()?)?.keys() {
            if to == from {
                return Some(way);
            }
            if seen.insert(to) && graph.contains_key(to) {
                ways.push_back(way.iter().chain([to]).cloned().collect());
            }
        }
    }
    None
}
