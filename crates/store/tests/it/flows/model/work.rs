//! Random work, by names, so that it is the same on every store.

pub(super) const FLOWS: u64 = 6;
pub(super) const ACTIONS: u64 = 60;

/// Numbers that follow from a seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64, as Steele, Lea and Flood published it.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn flow(&mut self) -> String {
        format!("f{}", self.below(FLOWS))
    }

    fn action(&mut self) -> String {
        format!("c{}", self.below(ACTIONS))
    }

    fn due(&mut self) -> i64 {
        100 + self.below(400) as i64
    }

    fn few<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4).saturating_sub(1))
            .map(|_| one(self))
            .collect()
    }
}

/// Admission as a step asks for it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) begins: Vec<(String, i64)>,
    pub(super) is_over: bool,
    pub(super) is_charged: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Next {
    Waits(Option<i64>),
    Over,
    Gone,
}

/// Step of the random work, by names, so that it is the same on both sides.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Advance {
        flow: String,
        begins: Option<i64>,
        /// So many versions back.
        back: usize,
        next: Next,
        admissions: Vec<Wanted>,
        begun: Vec<(String, i64)>,
        cancels: Vec<String>,
        pokes: Vec<(String, i64)>,
    },
    Admit(Wanted),
    Register,
    Dies(u64),
    Ends(u64),
    ClaimFlows(u64, i64),
    FreeFlows(u64),
    ClaimActions(u64),
    Settle {
        place: u64,
        flow: String,
        due: i64,
        ends: bool,
    },
}

fn wanted(dice: &mut Dice) -> Wanted {
    Wanted {
        id: dice.action(),
        parent: (dice.below(4) > 0).then(|| dice.flow()),
        begins: if dice.below(4) == 0 {
            vec![(dice.flow(), dice.due())]
        } else {
            Vec::new()
        },
        is_over: dice.below(4) == 0,
        is_charged: dice.below(3) == 0,
    }
}

pub(super) fn work(dice: &mut Dice) -> Work {
    let mut work = any_work(dice);
    if let Work::Advance {
        flow,
        admissions,
        begun,
        ..
    } = &mut work
    {
        // No flow begins itself.
        begun.retain(|(id, _)| id != flow);
        // Nor does one ask for an action twice at once, in two ways.
        admissions.sort_by(|one, other| one.id.cmp(&other.id));
        admissions.dedup_by(|one, other| one.id == other.id);
        for wanted in admissions {
            wanted.begins.retain(|(id, _)| id != flow);
        }
    }
    work
}

fn any_work(dice: &mut Dice) -> Work {
    match dice.below(20) {
        0..8 => Work::Advance {
            flow: dice.flow(),
            begins: (dice.below(3) == 0).then(|| dice.due()),
            back: usize::from(dice.below(6) == 0),
            next: match dice.below(12) {
                0 => Next::Over,
                1 => Next::Gone,
                2..5 => Next::Waits(None),
                _ => Next::Waits(Some(dice.due())),
            },
            admissions: dice.few(wanted),
            begun: dice.few(|dice| (dice.flow(), dice.due())),
            cancels: dice.few(Dice::action),
            pokes: dice.few(|dice| (dice.flow(), dice.due())),
        },
        8 | 9 => Work::Admit(wanted(dice)),
        10 => Work::Register,
        11 => Work::Dies(dice.below(3)),
        12 => Work::Ends(dice.below(3)),
        13..15 => Work::ClaimFlows(dice.below(3), dice.due()),
        15 => Work::FreeFlows(dice.below(3)),
        16 | 17 => Work::ClaimActions(dice.below(3)),
        _ => Work::Settle {
            place: dice.below(8),
            flow: dice.flow(),
            due: dice.due(),
            ends: dice.below(4) > 0,
        },
    }
}
