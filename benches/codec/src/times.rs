//! The program that measures time.

use crate::generate::{EMPLOYEES, directory, forest, person};
use crate::library::{Codec, Error, Library, Task, checked};
use harness::Outcome;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// So long is a batch of operations whose time is taken together, so that taking it counts for nothing.
const BATCH: Duration = Duration::from_micros(200);
/// Levels of the chains, all but the last within the limit of 100 messages below the outermost one.
const DEPTHS: [usize; 3] = [1, 10, 100];
/// Directories of these sizes, by their names.
const SIZES: [(&str, usize); 4] =
    [("10k", EMPLOYEES / 100), ("100k", EMPLOYEES / 10), ("1m", EMPLOYEES), ("10m", EMPLOYEES * 10)];

/// Prints `bytes`, and the ns and µs of each encode and decode; for the payloads `depth` and `size` ns a byte instead,
/// of each of them.
#[derive(Debug)]
pub struct Times;

impl Task for Times {
    fn measure<L: Library>(&self, payload: &str, time: Duration) -> Outcome {
        match payload {
            "person" => of_one::<L, _>(&L::Person::from(person()), time)?,
            "1mb" => of_one::<L, _>(&L::Directory::from(directory(EMPLOYEES)), time)?,
            "depth" => {
                for depth in DEPTHS {
                    a_byte::<L, _>(&depth.to_string(), &L::Forest::from(forest(depth)), time / DEPTHS.len() as u32)?;
                }
            }
            "size" => {
                for (name, employees) in SIZES {
                    let message = L::Directory::from(directory(employees));
                    a_byte::<L, _>(name, &message, time / SIZES.len() as u32)?;
                }
            }
            other => return Err(format!("there is no payload {other}").into()),
        }
        println!();
        Ok(())
    }
}

fn of_one<L: Codec<M>, M: PartialEq>(message: &M, time: Duration) -> Result<(), Error> {
    let Figures { bytes, encode, decode } = Figures::take::<L, M>(message, time)?;
    print!("bytes={bytes} encode_ns={encode} decode_ns={decode} ");
    print!("encode_us={} decode_us={} ", encode / 1e3, decode / 1e3);
    Ok(())
}

fn a_byte<L: Codec<M>, M: PartialEq>(name: &str, message: &M, time: Duration) -> Result<(), Error> {
    let Figures { bytes, encode, decode } = Figures::take::<L, M>(message, time)?;
    print!("encode_{name}={} decode_{name}={} ", encode / bytes as f64, decode / bytes as f64);
    Ok(())
}

/// The size of a message, and the ns of each operation.
struct Figures {
    bytes: usize,
    encode: f64,
    decode: f64,
}

impl Figures {
    fn take<L: Codec<M>, M: PartialEq>(message: &M, time: Duration) -> Result<Self, Error> {
        let bytes = checked::<L, M>(message)?;
        let (size, input) = (bytes.len(), L::Input::from(bytes));
        let encode = ns(time / 2, || L::encode(black_box(message)).map(|bytes| drop(black_box(bytes))))?;
        let decode = ns(time / 2, || L::decode(black_box(&input)).map(|message| drop(black_box(message))))?;
        Ok(Self { bytes: size, encode, decode })
    }
}

/// The ns of one operation, after a warm-up: that of the batch which a tenth of all were faster than. What disturbs
/// only ever adds time, to a long operation more often.
fn ns<E: Into<Error>>(time: Duration, mut operation: impl FnMut() -> Result<(), E>) -> Result<f64, Error> {
    let begin = Instant::now();
    let mut done = 0_u32;
    while done == 0 || begin.elapsed() < time / 10 {
        operation().map_err(Into::into)?;
        done += 1;
    }
    let one = begin.elapsed() / done;
    let batch = (BATCH.as_nanos() / one.as_nanos().max(1)).max(1) as u32;
    let begin = Instant::now();
    let mut batches = Vec::new();
    while batches.is_empty() || begin.elapsed() < time {
        let start = Instant::now();
        for _ in 0..batch {
            operation().map_err(Into::into)?;
        }
        batches.push(start.elapsed().as_nanos() as f64 / f64::from(batch));
    }
    batches.sort_unstable_by(f64::total_cmp);
    Ok(batches[batches.len() / 10])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_s_time_is_that_of_one() -> Result<(), Error> {
        let pause = Duration::from_micros(500);
        let ns = ns(Duration::from_millis(20), || {
            std::thread::sleep(pause);
            Ok::<_, Error>(())
        })?;
        assert!(ns >= pause.as_nanos() as f64, "{ns}");
        Ok(())
    }
}
