//! Which messages have required fields, in themselves or in messages within them: only those are searched for missing
//! ones.

use crate::model::{Label, Message};

/// Marks them.
pub(crate) fn mark(messages: &mut [Message]) {
    for message in messages.iter_mut() {
        // Those that are not emitted know it already.
        message.has_required |= message.fields.iter().any(|field| field.label == Label::Required);
    }
    // A round for each step of the longest way to one of them.
    loop {
        let marked = messages.iter().map(|message| message.has_required).collect::<Vec<_>>();
        let leads_to_marked = |index: usize| marked.get(index).copied().unwrap_or_default();
        for message in messages.iter_mut() {
            message.has_required |= message.fields.iter().filter_map(|field| field.kind.message()).any(leads_to_marked);
        }
        if messages.iter().map(|message| message.has_required).eq(marked) {
            return;
        }
    }
}
