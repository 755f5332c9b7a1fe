//! Which messages contain themselves, directly or through others: there the value must lie on the heap.
//!
//! Not left to pb-rs: where messages name each other it tries every way from one to the next, of which ten messages
//! that all name each other have more than a build can wait for. So it is not shown that they do (see `normal`).

use crate::model::{Label, Message};

/// Marks the fields that lead back to their own message.
pub(crate) fn mark(messages: &mut [Message]) {
    let edges = messages.iter().map(|message| message.fields.iter().filter_map(held).collect()).collect::<Vec<_>>();
    let components = components(&edges);
    for (index, message) in messages.iter_mut().enumerate() {
        for field in &mut message.fields {
            field.is_boxed = held(field).is_some_and(|target| components.get(target) == components.get(index));
        }
    }
}

/// The message that the field holds within its own structure; lists and maps lie on the heap anyway.
fn held(field: &crate::model::Field) -> Option<usize> {
    match field.label {
        Label::Optional | Label::Required | Label::Member(_) => field.kind.message(),
        Label::Singular | Label::Repeated | Label::Packed | Label::Map(_) => None,
    }
}

/// Kosaraju's algorithm, without recursion: two nodes that lead to each other get the same number.
fn components(edges: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for target in targets {
            if let Some(sources) = reversed.get_mut(*target) {
                sources.push(from);
            }
        }
    }
    let mut seen = vec![None; edges.len()];
    let order = (0..edges.len()).flat_map(|start| walk(edges, start, start, &mut seen)).collect::<Vec<_>>();
    let mut components = vec![None; edges.len()];
    for start in order.into_iter().rev() {
        walk(&reversed, start, start, &mut components);
    }
    components
}

/// Gives this mark to every node that is reached and has none; returns them, those reached last first.
fn walk(edges: &[Vec<usize>], start: usize, mark: usize, marks: &mut [Option<usize>]) -> Vec<usize> {
    let mut done = Vec::new();
    let mut stack = Vec::new();
    let mut enter = |node: usize, stack: &mut Vec<_>| {
        if let (Some(slot @ None), Some(targets)) = (marks.get_mut(node), edges.get(node)) {
            *slot = Some(mark);
            stack.push((node, targets.iter()));
        }
    };
    enter(start, &mut stack);
    while let Some((node, targets)) = stack.last_mut() {
        match targets.next() {
            Some(target) => enter(*target, &mut stack),
            None => {
                done.push(*node);
                stack.pop();
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn nodes_that_lead_to_each_other() {
        // 0 to 1 to 2 and back to 0; 3 to itself and to 0; 4 and 5 to each other, 6 to both; 2 to 4.
        let edges = [vec![1], vec![2], vec![0, 4], vec![3, 0], vec![5], vec![4], vec![4, 5]];
        let components = components(&edges);
        for group in [&[0, 1, 2][..], &[3], &[4, 5], &[6]] {
            for (node, component) in components.iter().enumerate() {
                let is_same = *component == components[group[0]];
                assert_eq!(is_same, group.contains(&node), "{node} and {group:?}");
            }
        }
    }
}
