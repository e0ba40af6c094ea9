//! Writing without a server, or beside one: for the command line, and for what has to be there before a server serves.

use super::{Draft, TRIES, feed};
use crate::audit::Action;
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::model::Model;
use crate::source::Source;
use crate::store::{Store, StoreError};

/// Writes what `decide` decides on what the store holds, by the same rules as a server; a server beside notices.
///
/// # Errors
///
/// What `decide` or the core refuses; `not_ready` where the store is away.
pub async fn write<T>(
    store: &dyn Store,
    caller: &Caller,
    action: &Action,
    decide: impl Fn(&mut Draft) -> Result<T, Error>,
) -> Result<T, Error> {
    let away = |error: &StoreError| {
        let unsettled = matches!(error, StoreError::Unsettled(_));
        let said = if unsettled { "look whether that was done" } else { "nothing was written" };
        Error::new(Code::NotReady, format!("{error}; {said}"))
    };
    for _ in 0..TRIES {
        let contents = store.load().await.map_err(|error| away(&error))?;
        let model = Model::read(contents).map_err(|error| away(&error))?;
        let (mut draft, decided) = Draft::decided(&model, caller, &decide)?;
        if draft.defines {
            Source::Store
                .compile_model(draft.model())
                .map_err(|refused| Error::definitions(&refused, draft.body.as_deref()))?;
            draft.tell(feed::changes(&model, draft.model()));
        }
        let (_, commit) = draft.finish(action)?;
        match store.commit(commit).await {
            Ok(()) => return decided,
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(away(&error)),
        }
    }
    Err(Error::new(Code::Conflict, "others write all the time").hint("try again"))
}
