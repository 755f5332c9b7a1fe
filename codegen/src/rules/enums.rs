//! Enums: what `allow_alias` allows must be there; what is reserved must not.

use std::collections::BTreeSet;

use protox::prost_reflect::EnumDescriptor;

use super::{Found, ranges};

/// `EnumDescriptorProto.options` and `EnumOptions.allow_alias`.
const ALLOW_ALIAS: &[i32] = &[3, 2];

pub(super) fn check(declared: &EnumDescriptor, found: &mut Found) {
    ranges::declared_enum(declared, found);
    let proto = declared.enum_descriptor_proto();
    let numbers = proto.value.iter().map(|value| value.number()).collect::<BTreeSet<_>>();
    let has_aliases = numbers.len() < proto.value.len();
    let name = declared.name();
    let message = match proto.options.as_ref().and_then(|options| options.allow_alias) {
        Some(true) if !has_aliases => format!(
            "\"{name}\" declares support for enum aliases but no enum values share field numbers. Please remove the \
             unnecessary 'option allow_alias = true;' declaration."
        ),
        // Aliases without leave are protox's to refuse.
        Some(false) if !has_aliases => format!(
            "\"{name}\" declares 'option allow_alias = false;' which has no effect. Please remove the declaration."
        ),
        _ => return,
    };
    found.add(declared.path(), ALLOW_ALIAS, message);
}
