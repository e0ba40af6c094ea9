//! Engines in other languages: a process that answers JSON lines.
//!
//! A question is `{"registry": "the document as a string", "lenient": bool, "flag": key or null for all,
//! "context": "the context as a string", "trace": bool}`; `registry` stands only where it changes. The answer is
//! `{"result": {…}}`, `{"results": [{…}, …]}`, `{"refused": "definitions"}` or `{"refused": "context"}`.
//! Documents travel as strings, so that each engine's own reader reads the numbers.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use stitch_core::Json;

use crate::subject::{Answer, Loaded, Subject};
use crate::vectors::Question;

/// An engine that runs as a process of its own.
pub struct Process {
    name: String,
    pipe: Arc<Mutex<Pipe>>,
}

impl Process {
    /// Starts the engine.
    ///
    /// # Errors
    ///
    /// If the program cannot be started.
    pub fn start(name: &str, command: &mut Command) -> std::io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let missing = || std::io::Error::other("the process has no pipes");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let pipe = Pipe { child, input, output, loaded: None };
        Ok(Self { name: name.to_owned(), pipe: Arc::new(Mutex::new(pipe)) })
    }

    /// Asks for one flag, or for all of them.
    ///
    /// # Errors
    ///
    /// If the process does not answer as the protocol says.
    pub fn ask(&self, registry: &str, lenient: bool, flag: Option<&str>, context: &str) -> Result<Reply, String> {
        lock(&self.pipe).ask(registry, lenient, flag, context, false)
    }
}

fn lock(pipe: &Mutex<Pipe>) -> std::sync::MutexGuard<'_, Pipe> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Subject for Process {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn load(&self, registry: &str, lenient: bool) -> Result<Box<dyn Loaded>, String> {
        match self.ask(registry, lenient, Some("any"), "{}")? {
            Reply::DefinitionsRefused => Err(format!("{} refuses the registry", self.name)),
            _ => Ok(Box::new(LoadedProcess { pipe: Arc::clone(&self.pipe), registry: registry.to_owned(), lenient })),
        }
    }
}

struct LoadedProcess {
    pipe: Arc<Mutex<Pipe>>,
    registry: String,
    lenient: bool,
}

impl Loaded for LoadedProcess {
    fn ask(&self, question: &Question) -> Answer {
        let Question { flag, context, trace } = question;
        match lock(&self.pipe).ask(&self.registry, self.lenient, Some(flag), context, *trace) {
            Ok(Reply::Result(result)) => Answer::Result(result.to_string()),
            Ok(Reply::ContextRefused) => Answer::ContextRefused("by the process".to_owned()),
            Ok(reply) => Answer::Broken(format!("the process answered {reply:?}")),
            Err(error) => Answer::Broken(error),
        }
    }
}

/// What a process answers.
#[derive(Debug, PartialEq)]
pub enum Reply {
    /// For one flag.
    Result(Json<'static>),
    /// For all flags.
    Results(Vec<Json<'static>>),
    /// The registry is refused.
    DefinitionsRefused,
    /// The context is refused.
    ContextRefused,
}

struct Pipe {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The registry that the process has.
    loaded: Option<(String, bool)>,
}

impl Pipe {
    fn ask(
        &mut self,
        registry: &str,
        lenient: bool,
        flag: Option<&str>,
        context: &str,
        trace: bool,
    ) -> Result<Reply, String> {
        let is_loaded = self.loaded.as_ref().is_some_and(|(text, mode)| text == registry && *mode == lenient);
        let mut question = vec![
            ("lenient".into(), lenient.into()),
            ("flag".into(), flag.map_or(Json::Null, Json::from)),
            ("context".into(), context.into()),
            ("trace".into(), trace.into()),
        ];
        if !is_loaded {
            question.push(("registry".into(), registry.into()));
        }
        let mut line = String::new();
        writeln!(self.input, "{}", Json::Object(question))
            .and_then(|()| self.input.flush())
            .and_then(|()| self.output.read_line(&mut line))
            .map_err(|error| format!("the process is gone: {error}"))?;
        self.loaded = Some((registry.to_owned(), lenient));
        let answer = Json::parse(&line).map_err(|error| format!("the process said {line:?}: {error}"))?.into_owned();
        if let Some(result) = answer.get("result") {
            return Ok(Reply::Result(result.clone()));
        }
        if let Some(Json::Array(results)) = answer.get("results") {
            return Ok(Reply::Results(results.clone()));
        }
        match answer.get("refused").and_then(Json::as_text) {
            Some("definitions") => Ok(Reply::DefinitionsRefused),
            Some("context") => Ok(Reply::ContextRefused),
            _ => Err(format!("the process said {line:?}")),
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // It has nothing to save; a process that is gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
