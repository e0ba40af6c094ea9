//! OpenFeature's remote evaluation protocol.

pub(crate) mod evaluate {
    use crate::ofrep::{Bulk, Served};
    use crate::openapi::Operation;
    use crate::openapi::schemas::OfrepRequest;

    pub(crate) fn flag() -> Operation {
        Operation::new("Evaluates a flag; the key is the rest of the path. An empty one is no flag's.")
            .ofrep_key()
            .body::<OfrepRequest>()
            .answers::<Served<'_>>(200)
            .fails([404])
    }

    pub(crate) fn flags() -> Operation {
        Operation::new("Evaluates all flags, for a client that keeps the answers.")
            .ofrep_key()
            .body::<OfrepRequest>()
            .answers_tagged::<Bulk<'_>>()
    }
}

pub(crate) mod events {
    use crate::openapi::Operation;
    use crate::openapi::schemas::text;

    pub(crate) fn events() -> Operation {
        Operation::new("Tells of each new registry, so that a client asks again.")
            .ofrep_key()
            .query("since", text(), "The revision that the client's answers come from.")
            .streams()
    }
}
