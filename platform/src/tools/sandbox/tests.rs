use super::{SandboxExec, SandboxWrite};
use crate::{
    billing::{Allowance, Caps, Package, Packages},
    canvas::Origin,
    files::Files,
    projects::Projects,
    sessions::testing::House,
    tools::{Tool, ToolContext},
};
use alumia_protocol::{CallId, SessionId};
use alumia_sandbox::{Command, Outcome, OutputSink, Sandbox, SandboxError};
use serde_json::{Value, json};
use std::{
    fs,
    sync::{Arc, Mutex},
};
use tokio_util::sync::CancellationToken;

const MEGABYTE: i64 = 1 << 20;

/// Leaves as many bytes behind as its script says, and keeps to the room that it is given.
#[derive(Default)]
struct Leaving(Mutex<Vec<Option<u64>>>);

#[async_trait::async_trait]
impl Sandbox for Leaving {
    fn off_reason(&self) -> Option<String> {
        None
    }

    async fn exec(
        &self,
        command: Command,
        _: OutputSink,
        _: CancellationToken,
    ) -> Result<Outcome, SandboxError> {
        self.0.lock().unwrap().push(command.room);
        let wanted: u64 = command.script.parse().unwrap();
        let fits = command.room.is_none_or(|room| wanted <= room);
        let bytes = if fits { wanted } else { command.room.unwrap_or_default() };
        fs::write(
            command.workdir.join(CallId::new().to_string()),
            vec![b'x'; usize::try_from(bytes).unwrap()],
        )?;
        if !fits {
            return Err(SandboxError::Full);
        }
        Ok(Outcome { exit_code: 0, stdout: String::new(), stderr: String::new() })
    }
}

#[tokio::test]
async fn what_commands_leave_behind_is_counted_and_bounded_by_the_package() {
    let (house, root) = (House::new().await, tempfile::tempdir().unwrap());
    let caps = Caps { storage_mb: Some(1), ..Caps::default() };
    let first = Packages::new(&[], "personal").unwrap().first().clone();
    let packages = Packages::new(&[Package { caps, ..first }], "personal").unwrap();
    let projects = Projects { allowance: Allowance::of(packages), ..house.projects() };
    let files = Files { root: root.path().into(), projects };
    let sandbox = Arc::new(Leaving::default());
    let exec = SandboxExec { sandbox: sandbox.clone(), files: files.clone() };
    let write = SandboxWrite { files: files.clone() };
    let session = SessionId::new();
    let context = || ToolContext {
        scope: house.owner.clone(),
        project_id: house.project,
        session_id: session,
        origin: Origin::default(),
        call_id: CallId::new(),
        peers: Arc::new(crate::tools::peers::Alone),
        cancel: CancellationToken::new(),
        output: Arc::new(|_, _| ()),
    };
    let run = async |bytes: i64| exec.call(context(), json!({ "command": bytes.to_string() })).await;
    let used = async || files.room(house.org).await.unwrap().1;
    run(600_000).await.unwrap();
    assert_eq!(used().await, 600_000);
    let over = run(600_000).await.unwrap_err();
    assert_eq!(over.code, "payment_required");
    assert!(
        over.message.contains("includes 1 MB of files") && over.message.contains("/work"),
        "{}",
        over.message
    );
    assert_eq!(used().await, MEGABYTE);
    assert_eq!(*sandbox.0.lock().unwrap(), [Some(1_048_576), Some(448_576)]);
    // Neither do the tools that write by themselves.
    let put = async |path: &str, text: &str| -> Result<Value, _> {
        write.call(context(), json!({ "path": path, "text": text })).await
    };
    assert_eq!(put("note.txt", "one").await.unwrap_err().code, "payment_required");
    for entry in fs::read_dir(files.sandbox_dir(&house.owner, house.project, session).await.unwrap()).unwrap()
    {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    run(0).await.unwrap();
    assert_eq!(used().await, 0);
    put("note.txt", "one").await.unwrap();
    put("note.txt", "longer").await.unwrap();
    assert_eq!(used().await, 6);
    // What can't be written isn't counted.
    assert!(put("note.txt/inside", "x").await.is_err());
    assert_eq!(used().await, 6);
}
