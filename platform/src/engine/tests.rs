use super::driver::Left;
use alumia_protocol::RunId;
use std::sync::Mutex;

/// Makes a driver vanish around one of its commits, as a crash would.
#[derive(Default)]
pub struct Trap(Mutex<Option<(u32, bool)>>);

impl Trap {
    /// The driver vanishes before (or after) its `nth` commit from now, counted from 1.
    pub fn set(&self, nth: u32, after: bool) {
        *self.0.lock().unwrap() = Some((nth, after));
    }

    /// Whether it has gone off.
    pub fn is_over(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }

    pub fn before_commit(&self, _run: RunId) -> Result<(), Left> {
        let mut trap = self.0.lock().unwrap();
        match *trap {
            Some((1, false)) => {
                *trap = None;
                Err(Left::Stale)
            }
            Some((nth, false)) => {
                *trap = Some((nth - 1, false));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub fn after_commit(&self, _run: RunId) -> Result<(), Left> {
        let mut trap = self.0.lock().unwrap();
        match *trap {
            Some((1, true)) => {
                *trap = None;
                Err(Left::Stale)
            }
            Some((nth, true)) => {
                *trap = Some((nth - 1, true));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
