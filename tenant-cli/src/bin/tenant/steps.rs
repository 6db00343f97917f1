//! How far a plan has come: core tells each step as a `tracing` event.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::screen::Screen;

/// The step that was begun last.
#[derive(Clone, Default)]
pub(crate) struct Steps {
    begun: Arc<Mutex<Option<Begun>>>,
    /// What else is to be said of an interruption.
    note: Arc<Mutex<Option<String>>>,
}

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
        let note = self.note.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(begun) = self.begun().clone() else { return note };
        let (number, of) = (begun.number, begun.of);
        let next = "Run `tenant apply` again: it goes on from there.";
        Some(format!(
            "{} of {of} steps are done and stay; `{}` was under way, and is there as a whole or not at all. {}",
            number - 1,
            begun.title,
            note.as_deref().unwrap_or(next)
        ))
    }

    /// What is said where no step of a plan was under way.
    pub(crate) fn note(&self, note: &str) {
        *self.note.lock().unwrap_or_else(PoisonError::into_inner) = Some(note.to_owned());
    }

    /// Nothing is under way any more.
    pub(crate) fn end(&self) {
        *self.begun() = None;
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, Option<Begun>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What a move could not do at its end.
#[derive(Default)]
struct Warning(String);

fn is_warning(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == Level::WARN && metadata.target() == "tenant::move"
}

impl Visit for Warning {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = crate::table::one_line(&format!("{value:?}"));
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let fields = metadata.fields();
        let is_step = fields.field("step").is_some() && fields.field("of").is_some();
        metadata.is_event() && (is_step || is_warning(metadata))
    }

    fn event(&self, event: &Event<'_>) {
        if is_warning(event.metadata()) {
            let mut warning = Warning::default();
            event.record(&mut warning);
            self.screen.warning(&warning.0);
            return;
        }
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
