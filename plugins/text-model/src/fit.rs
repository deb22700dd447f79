//! Finding the weights: multinomial logistic regression by stochastic gradient descent, with the weights of
//! the later rounds averaged. It gives the same weights for the same examples, on any machine of one
//! floating-point arithmetic.

use crate::features::Features;

/// An example: what a text has, and the index of its label.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its features.
    pub features: Features,
    /// Its label.
    pub label: usize,
}

/// How weights are sought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitSettings {
    /// How often all examples are gone through.
    pub rounds: u32,
    /// How large the first steps are.
    pub rate: f32,
    /// How strongly weights are held near 0.
    pub shrinkage: f32,
    /// How far rare labels count more than their number says: 0 not at all, 1 as much as the others.
    pub balance: f32,
}

/// Weights of a linear model: for each bucket one for each label, and one for each label beside.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// How many labels there are.
    pub labels: usize,
    /// `labels` numbers for each bucket.
    pub buckets: Vec<f32>,
    /// One number for each label.
    pub bias: Vec<f32>,
}

impl Weights {
    /// What speaks for each label.
    pub fn scores(&self, features: &Features) -> Vec<f32> {
        let mut scores = self.bias.clone();
        for &(bucket, value) in features {
            for (score, weight) in scores.iter_mut().zip(self.of(bucket)) {
                *score += value * weight;
            }
        }
        scores
    }

    fn of(&self, bucket: u32) -> &[f32] {
        let start = bucket as usize * self.labels;
        self.buckets
            .get(start..start + self.labels)
            .unwrap_or_default()
    }
}

/// Probabilities of scores.
pub fn softmax(scores: &[f32]) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let raised: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f32 = raised.iter().sum();
    raised.into_iter().map(|value| value / sum).collect()
}

/// Finds weights for examples whose labels are below `labels`.
pub fn fit(examples: &[&Example], labels: usize, bits: u8, settings: &FitSettings) -> Weights {
    let size = labels << bits;
    let mut current = Weights {
        labels,
        buckets: vec![0.0; size],
        bias: vec![0.0; labels],
    };
    let mut average = current.clone();
    let importance = importance(examples, labels, settings.balance);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    // The weights are `scale` times what is kept: shrinking all of them is one multiplication.
    let mut scale = 1.0f32;
    let averaged_from = settings.rounds / 2;
    for round in 0..settings.rounds {
        random.shuffle(&mut order);
        #[allow(clippy::cast_precision_loss)]
        let rate = settings.rate / (1.0 + round as f32 * 0.5);
        for &index in &order {
            let Some(example) = examples.get(index) else {
                continue;
            };
            step(
                &mut current,
                &mut scale,
                example,
                rate,
                settings.shrinkage,
                &importance,
            );
        }
        for weight in &mut current.buckets {
            *weight *= scale;
        }
        scale = 1.0;
        if round >= averaged_from {
            add(&mut average.buckets, &current.buckets);
            add(&mut average.bias, &current.bias);
        }
    }
    #[allow(clippy::cast_precision_loss)]
    let rounds = (settings.rounds - averaged_from).max(1) as f32;
    for weight in average.buckets.iter_mut().chain(&mut average.bias) {
        *weight /= rounds;
    }
    average
}

fn step(
    weights: &mut Weights,
    scale: &mut f32,
    example: &Example,
    rate: f32,
    shrinkage: f32,
    importance: &[f32],
) {
    let mut scores = vec![0.0; weights.labels];
    for &(bucket, value) in &example.features {
        for (score, weight) in scores.iter_mut().zip(weights.of(bucket)) {
            *score += value * weight;
        }
    }
    for (score, bias) in scores.iter_mut().zip(&weights.bias) {
        *score = *score * *scale + bias;
    }
    let mut steps = softmax(&scores);
    if let Some(own) = steps.get_mut(example.label) {
        *own -= 1.0;
    }
    let rate = rate * importance.get(example.label).copied().unwrap_or(1.0);
    *scale *= 1.0 - (rate * shrinkage).min(0.5);
    for (bias, step) in weights.bias.iter_mut().zip(&steps) {
        *bias -= rate * 0.1 * step;
    }
    let rate = rate / *scale;
    let labels = weights.labels;
    for &(bucket, value) in &example.features {
        let start = bucket as usize * labels;
        if let Some(own) = weights.buckets.get_mut(start..start + labels) {
            for (weight, step) in own.iter_mut().zip(&steps) {
                *weight -= rate * value * step;
            }
        }
    }
}

fn importance(examples: &[&Example], labels: usize, balance: f32) -> Vec<f32> {
    let mut counts = vec![0.0f32; labels];
    for example in examples {
        if let Some(count) = counts.get_mut(example.label) {
            *count += 1.0;
        }
    }
    #[allow(clippy::cast_precision_loss)]
    let even = examples.len() as f32 / labels.max(1) as f32;
    counts
        .into_iter()
        .map(|count| (even / count.max(1.0)).powf(balance))
        .collect()
}

fn add(sum: &mut [f32], more: &[f32]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}

/// Xorshift: an order that is mixed and always the same.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// An index of so many; 0 of none.
    pub fn below(&mut self, count: usize) -> usize {
        // The remainder is an index, which fits.
        #[allow(clippy::cast_possible_truncation)]
        let index = (self.next() % (count.max(1) as u64)) as usize;
        index
    }

    /// Mixes.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // The remainder is an index, which fits.
            #[allow(clippy::cast_possible_truncation)]
            let other = (self.next() % (last as u64 + 1)) as usize;
            items.swap(last, other);
        }
    }
}
