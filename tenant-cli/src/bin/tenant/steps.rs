//! How far a plan has come: core tells each step as a `tracing` event.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::screen::Screen;

/// The step that was begun last.
#[derive(Clone, Default)]
pub(crate) struct Steps(Arc<Mutex<Option<Begun>>>);

#[derive(Clone, Default)]
struct Begun {
    title: String,
    number: u64,
    of: u64,
}

struct Listener {
    steps: Steps,
    screen: Screen,
}

impl Steps {
    /// Hears of steps from now on.
    pub(crate) fn listen(screen: Screen) -> Self {
        let steps = Self::default();
        let listener = Listener { steps: steps.clone(), screen };
        // One that is there already is a test's.
        let _ = tracing::subscriber::set_global_default(listener);
        steps
    }

    /// What was done, if anything was begun.
    pub(crate) fn said(&self) -> Option<String> {
        let begun = self.begun().clone()?;
        let (number, of) = (begun.number, begun.of);
        Some(format!(
            "{} of {of} steps are done and stay; `{}` was under way, and is there as a whole or not at all. \
             Run `tenant apply` again: it goes on from there.",
            number - 1,
            begun.title
        ))
    }

    /// Nothing is under way any more.
    pub(crate) fn end(&self) {
        *self.begun() = None;
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, Option<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit for Begun {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "number" => self.number = value,
            "of" => self.of = value,
            _ => {}
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_u64(field, value.unsigned_abs());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "step" {
            self.title = crate::table::one_line(&format!("{value:?}"));
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let fields = metadata.fields();
        metadata.is_event() && fields.field("step").is_some() && fields.field("of").is_some()
    }

    fn event(&self, event: &Event<'_>) {
        let mut begun = Begun::default();
        event.record(&mut begun);
        let line = format!("{}/{} {}", begun.number, begun.of, begun.title);
        if self.screen.is_lively() {
            self.screen.progress(&begun.title, begun.number - 1, begun.of);
        } else {
            self.screen.remark(&line);
        }
        *self.steps.begun() = Some(begun);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
