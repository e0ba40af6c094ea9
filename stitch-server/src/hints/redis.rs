//! Hears and tells through Redis, as long as it is there; while it is away it is tried again and again.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::address::Reach;
use super::wire::{Hear, Reply, Say, connect, late};
use super::{Address, Hints, WAITING};
use crate::state::AppState;

/// For each thing that Redis is asked.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// So often each connection is used, so that one that leads nowhere shows.
const PINGS_EVERY: Duration = Duration::from_millis(500);
/// Until the next try to connect, doubled with each.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Hears and tells for ever; nothing where no Redis is used.
pub async fn run(state: AppState) {
    let Some((address, channel)) = state.settings().redis.clone() else { return };
    let (tell, mut told) = mpsc::channel(WAITING);
    let hints = state.hints();
    if hints.tell.set(tell).is_err() {
        return;
    }
    let mut pause = PAUSE;
    loop {
        let Err(error) = session(&address, &channel, hints, &mut told, &mut pause).await;
        hints.set_away(Some(format!("{} is away: {error}", address.place())));
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// As long as both connections last: who listens can say nothing else.
async fn session(
    address: &Address,
    channel: &str,
    hints: &Hints,
    told: &mut mpsc::Receiver<String>,
    pause: &mut Duration,
) -> io::Result<Infallible> {
    let reach = address.reach().map_err(io::Error::other)?;
    let (mut hear, listening) = subscribe(&reach, channel).await?;
    let telling = connect(&reach, ANSWERS_WITHIN).await?;
    hints.set_away(None);
    *pause = PAUSE;
    // What was told before, nobody heard.
    hints.heard.notify_one();
    let (never, _, _) =
        tokio::try_join!(listen(&mut hear, hints), keep_alive(listening), publish(telling, channel, told))?;
    Ok(never)
}

async fn subscribe(reach: &Reach, channel: &str) -> io::Result<(Hear, Say)> {
    let (mut hear, mut say) = connect(reach, ANSWERS_WITHIN).await?;
    say.command(&["SUBSCRIBE", channel]).await?;
    reply(&mut hear).await?;
    Ok((hear, say))
}

/// Every message is a hint, whatever it says.
async fn listen(hear: &mut Hear, hints: &Hints) -> io::Result<Infallible> {
    loop {
        if let Reply::List(words) = reply(hear).await?
            && words.first().is_some_and(|word| word == "message")
        {
            hints.heard.notify_one();
        }
    }
}

/// Has something come on the connection that listens.
async fn keep_alive(mut say: Say) -> io::Result<Infallible> {
    loop {
        sleep(PINGS_EVERY).await;
        say.command(&["PING"]).await?;
    }
}

async fn publish(
    (mut hear, mut say): (Hear, Say),
    channel: &str,
    told: &mut mpsc::Receiver<String>,
) -> io::Result<Infallible> {
    loop {
        match timeout(PINGS_EVERY, told.recv()).await {
            Ok(Some(message)) => say.command(&["PUBLISH", channel, &message]).await?,
            Ok(None) | Err(_) => say.command(&["PING"]).await?,
        }
        reply(&mut hear).await?;
    }
}

async fn reply(hear: &mut Hear) -> io::Result<Reply> {
    timeout(ANSWERS_WITHIN, hear.reply()).await.unwrap_or_else(|_| Err(late()))
}
