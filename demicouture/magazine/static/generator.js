// The generator, as generate.py runs it: dense, then upsampling convolutions, then one convolution and tanh.
//
// UpSampling2D and the 3×3 convolution after it are four 2×2 convolutions of the small map, one for each of the four
// places that a pixel becomes: the same sums with four ninths of the products. Products are summed in double precision.

const BLOCK = 8; // Outputs that are summed at once, in registers.
const TAPS = [[[0], [1, 2]], [[0, 1], [2]]]; // Rows of the 3×3 kernel that meet the same small row, by place.

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function floatsOf(base64) {
  return new Float32Array(bytesOf(base64).buffer);
}

class Generator {
  // description: {firstSide, side, layers: [{kind, rows, outputs}]}; packed: an ArrayBuffer of factors, biases, weights.
  constructor(description, packed) {
    this.firstSide = description.firstSide;
    this.side = description.side;
    let offset = 0;
    const take = (Kind, count) => {
      const found = new Kind(packed, offset, count);
      offset += found.byteLength;
      return found;
    };
    this.layers = description.layers.map(({ kind, rows, outputs }) => {
      const factors = take(Float32Array, outputs);
      const biases = take(Float32Array, outputs);
      const levels = take(Int16Array, rows * outputs);
      offset += offset % 4;
      const weights = new Float32Array(levels.length);
      for (let row = 0, i = 0; row < rows; row++) {
        for (let output = 0; output < outputs; output++, i++) weights[i] = levels[i] * factors[output];
      }
      const inputs = kind === "upsample" || kind === "convolve" ? rows / 9 : rows;
      const layer = { kind, inputs, outputs, biases, weights };
      if (kind === "upsample") layer.kernels = placeKernels(layer);
      return layer;
    });
  }

  // Returns the picture of a latent, 100 numbers in [-1, 1]: red, green and blue of each pixel, row by row.
  render(latent) {
    let side = this.firstSide;
    let map = null;
    for (const layer of this.layers) {
      if (layer.kind === "dense") map = dense(latent, layer);
      else if (layer.kind === "affine") affine(map, layer);
      else if (layer.kind === "upsample") {
        map = upsample(map, side, layer);
        side *= 2;
      } else map = convolve(map, side, layer);
    }
    const pixels = new Uint8ClampedArray(map.length); // Which rounds as NumPy does, halves to even.
    for (let i = 0; i < map.length; i++) pixels[i] = (Math.tanh(map[i]) + 1) * 127.5;
    return pixels;
  }
}

// Returns the four 2×2 kernels of an upsampling convolution, each [block of outputs][tap][input][output in the block].
function placeKernels({ inputs, outputs, weights }) {
  const blocks = Math.ceil(outputs / BLOCK);
  const kernels = [];
  for (let place = 0; place < 4; place++) {
    const kernel = new Float32Array(blocks * 4 * inputs * BLOCK);
    for (let tap = 0; tap < 4; tap++) {
      for (const row of TAPS[place >> 1][tap >> 1]) {
        for (const column of TAPS[place & 1][tap & 1]) {
          for (let input = 0; input < inputs; input++) {
            const from = ((row * 3 + column) * inputs + input) * outputs;
            for (let output = 0; output < outputs; output++) {
              const block = Math.floor(output / BLOCK);
              kernel[((block * 4 + tap) * inputs + input) * BLOCK + (output % BLOCK)] += weights[from + output];
            }
          }
        }
      }
    }
    kernels.push(kernel);
  }
  return kernels;
}

function dense(latent, { inputs, outputs, biases, weights }) {
  const sums = Float64Array.from(biases);
  for (let input = 0; input < inputs; input++) {
    const value = latent[input];
    const from = input * outputs;
    for (let output = 0; output < outputs; output++) sums[output] += value * weights[from + output];
  }
  return Float32Array.from(sums, (sum) => Math.max(sum, 0));
}

function affine(map, { outputs, biases, weights }) {
  for (let i = 0; i < map.length; i++) map[i] = map[i] * weights[i % outputs] + biases[i % outputs];
}

function upsample(map, side, { inputs, outputs, biases, kernels }) {
  const larger = new Float32Array(4 * side * side * outputs);
  const sums = new Float64Array(BLOCK);
  for (let place = 0; place < 4; place++) {
    const down = place >> 1;
    const right = place & 1;
    for (let first = 0; first < outputs; first += BLOCK) {
      const count = Math.min(BLOCK, outputs - first);
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          for (let output = 0; output < count; output++) sums[output] = biases[first + output];
          for (let tap = 0; tap < 4; tap++) {
            const row = y + down + (tap >> 1) - 1;
            const column = x + right + (tap & 1) - 1;
            if (row < 0 || row >= side || column < 0 || column >= side) continue;
            const at = ((first / BLOCK) * 4 + tap) * inputs * BLOCK;
            addProducts(sums, map, (row * side + column) * inputs, inputs, kernels[place], at);
          }
          const to = ((2 * y + down) * 2 * side + 2 * x + right) * outputs + first;
          for (let output = 0; output < count; output++) larger[to + output] = sums[output] > 0 ? sums[output] : 0;
        }
      }
    }
  }
  return larger;
}

// Adds to eight sums; half of all values are 0 after a ReLU, and are passed over.
function addProducts(sums, values, from, count, weights, at) {
  let s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  let s4 = sums[4], s5 = sums[5], s6 = sums[6], s7 = sums[7];
  for (let i = 0; i < count; i++, at += BLOCK) {
    const value = values[from + i];
    if (value === 0) continue;
    s0 += value * weights[at];
    s1 += value * weights[at + 1];
    s2 += value * weights[at + 2];
    s3 += value * weights[at + 3];
    s4 += value * weights[at + 4];
    s5 += value * weights[at + 5];
    s6 += value * weights[at + 6];
    s7 += value * weights[at + 7];
  }
  sums[0] = s0; sums[1] = s1; sums[2] = s2; sums[3] = s3;
  sums[4] = s4; sums[5] = s5; sums[6] = s6; sums[7] = s7;
}

function convolve(map, side, { inputs, biases, weights }) {
  const picture = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let red = biases[0], green = biases[1], blue = biases[2];
      for (let tap = 0; tap < 9; tap++) {
        const row = y + Math.floor(tap / 3) - 1;
        const column = x + (tap % 3) - 1;
        if (row < 0 || row >= side || column < 0 || column >= side) continue;
        const from = (row * side + column) * inputs;
        for (let input = 0, at = tap * inputs * 3; input < inputs; input++, at += 3) {
          const value = map[from + input];
          red += value * weights[at];
          green += value * weights[at + 1];
          blue += value * weights[at + 2];
        }
      }
      const to = (y * side + x) * 3;
      picture[to] = red;
      picture[to + 1] = green;
      picture[to + 2] = blue;
    }
  }
  return picture;
}
