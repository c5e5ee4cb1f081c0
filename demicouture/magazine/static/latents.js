// Latents: 100 numbers in [-1, 1] each. A plane is {normal, intercept}; see demicouture/latents.py.

function signedDistance(latent, { normal, intercept }) {
  let distance = intercept;
  for (let i = 0; i < normal.length; i++) distance += latent[i] * normal[i];
  return distance;
}

// Returns the nearest point of the cube at a signed distance from a plane: clip(latent - m·normal), m by bisection.
function nearestAtDistance(latent, plane, distance) {
  const { normal } = plane;
  const move = (m) => latent.map((value, i) => Math.min(1, Math.max(-1, value - m * normal[i])));
  let low = -1, high = 1;
  for (let i = 0; i < 12 && signedDistance(move(low), plane) < distance; i++) low *= 2;
  for (let i = 0; i < 12 && signedDistance(move(high), plane) > distance; i++) high *= 2;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (signedDistance(move(middle), plane) > distance) low = middle;
    else high = middle;
  }
  return move((low + high) / 2);
}

function norm(latent) {
  return Math.sqrt(latent.reduce((sum, value) => sum + value * value, 0));
}

// Returns a latent made longer or shorter, within the cube.
function atNorm(latent, wanted) {
  const scale = (factor) => latent.map((value) => Math.min(1, Math.max(-1, value * factor)));
  let low = 0, high = 64;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (norm(scale(middle)) < wanted) low = middle;
    else high = middle;
  }
  return scale((low + high) / 2);
}

function randomLatent() {
  return Array.from({ length: 100 }, () => 2 * Math.random() - 1);
}

function between(first, second, share) {
  return first.map((value, i) => value + share * (second[i] - value));
}
