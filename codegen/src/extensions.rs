//! Which extensions a file declares.

use protox::prost_reflect::{ExtensionDescriptor, FileDescriptor, MessageDescriptor};

use crate::externs::Externs;

/// The extensions to emit: those of the file and of the messages in it, but for what lies outside, and for those of a
/// message set, which are no ordinary fields of the wire.
pub(crate) fn extensions(file: &FileDescriptor, externs: &Externs) -> Vec<ExtensionDescriptor> {
    let mut found = file.extensions().collect::<Vec<_>>();
    file.messages().for_each(|message| within(&message, &mut found));
    found.retain(|extension| !externs.has(extension.full_name()) && !is_message_set(&extension.containing_message()));
    found
}

fn is_message_set(message: &MessageDescriptor) -> bool {
    message.descriptor_proto().options.as_ref().is_some_and(|options| options.message_set_wire_format())
}

fn within(message: &MessageDescriptor, found: &mut Vec<ExtensionDescriptor>) {
    found.extend(message.child_extensions());
    message.child_messages().for_each(|child| within(&child, found));
}
