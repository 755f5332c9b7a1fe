//! The values of the payloads, the same in every run and for every contender.

use crate::values::{Address, Directory, Employee, Forest, Location, Person, Phone, PhoneKind, Tree};

/// So many employees take 1 MB in the format of Protocol Buffers.
pub(crate) const EMPLOYEES: usize = 1_800;
/// A number that can be divided by all depths.
const TREES: usize = 12_000;

/// Names, and what they are in an address.
const FIRST: [(&str, &str); 12] = [
    ("Alice", "alice"),
    ("Bob", "bob"),
    ("Carol", "carol"),
    ("Zoë", "zoe"),
    ("Søren", "soren"),
    ("Мария", "maria"),
    ("John", "john"),
    ("Priya", "priya"),
    ("Wei", "wei"),
    ("Fatima", "fatima"),
    ("Diego", "diego"),
    ("Yuki", "yuki"),
];
const LAST: [&str; 10] =
    ["Smith", "Doe", "Garcia", "Nguyen", "Okafor", "Ivanova", "Schmidt", "Rossi", "Tanaka", "Andersson"];
const STREETS: [&str; 6] = ["Main Street", "Oxford Road", "Rue de Rivoli", "Lindenstraße", "Elm Avenue", "Via Roma"];
const CITIES: [(&str, &str); 6] =
    [("Springfield", "US"), ("London", "GB"), ("Paris", "FR"), ("München", "DE"), ("Kyoto", "JP"), ("São Paulo", "BR")];
const SKILLS: [&str; 8] =
    ["negotiation", "C & assembler", "Rust", "carpentry", "accounting", "<html>", "first aid", "planning"];
const ATTRIBUTES: [&str; 5] = ["team", "building", "badge_colour", "cost_centre", "manager"];
const VALUES: [&str; 6] = ["infrastructure", "B-12", "green", "R&D 4711", "Dana Scully", "none"];

/// The person of the classic example.
pub fn person() -> Person {
    Person { name: "John Doe".into(), id: 123, email: "johndoe@example.com".into() }
}

/// A directory of so many employees.
pub fn directory(employees: usize) -> Directory {
    let mut numbers = Numbers(1);
    Directory { employees: (0..employees).map(|index| employee(index, &mut numbers)).collect() }
}

/// Chains of so many trees within each other; as many trees at any depth.
pub fn forest(depth: usize) -> Forest {
    let mut numbers = Numbers(2);
    Forest { trees: (0..TREES / depth).map(|_| chain(depth, &mut numbers)).collect() }
}

fn chain(depth: usize, numbers: &mut Numbers) -> Tree {
    let child = (depth > 1).then(|| Box::new(chain(depth - 1, numbers)));
    Tree { name: numbers.of(&SKILLS).into(), child }
}

fn employee(index: usize, numbers: &mut Numbers) -> Employee {
    let ((first, mailbox), last) = (numbers.of(&FIRST), numbers.of(&LAST));
    let attributes = ATTRIBUTES.iter().skip(numbers.below(3)).map(|key| ((*key).into(), numbers.of(&VALUES).into()));
    let attributes = attributes.collect();
    Employee {
        name: format!("{first} {last}"),
        id: index as i32 + 1,
        email: format!("{mailbox}.{}{index}@example.com", last.to_lowercase()),
        active: numbers.below(10) > 0,
        phones: numbers.list(1, 3, phone),
        address: address(numbers),
        skills: numbers.list(1, 5, |numbers| numbers.of(&SKILLS).into()),
        attributes,
        // As people enter them, with few decimals: that suits the text formats.
        ratings: numbers.list(4, 12, |numbers| numbers.below(10_000) as f64 / 100.0),
        logins: numbers.list(4, 16, |numbers| 1_700_000_000_000 + numbers.below(60_000_000_000) as i64),
        badge: numbers.list(96, 160, |numbers| numbers.next() as u8),
    }
}

fn phone(numbers: &mut Numbers) -> Phone {
    let number = format!("+{} {:03} {:07}", numbers.below(99) + 1, numbers.below(1_000), numbers.below(10_000_000));
    Phone { number, kind: numbers.of(&[PhoneKind::Mobile, PhoneKind::Home, PhoneKind::Work]) }
}

fn address(numbers: &mut Numbers) -> Address {
    let (city, country) = numbers.of(&CITIES);
    let mut degrees = |range: i64| (numbers.below(range as usize * 2_000_000) as i64 - range * 1_000_000) as f64 / 1e6;
    let location = Location { latitude: degrees(90), longitude: degrees(180) };
    Address {
        street: format!("{} {}", numbers.below(200) + 1, numbers.of(&STREETS)),
        city: city.into(),
        postal_code: format!("{:05}", numbers.below(100_000)),
        country: country.into(),
        location,
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// From `least` to `most` values.
    fn list<T>(&mut self, least: usize, most: usize, mut value: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| value(self)).collect()
    }
}
