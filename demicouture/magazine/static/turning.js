// Garments in three dimensions, which turn under the pointer. One WebGL context draws all of them, on one canvas that
// moves to where it is asked for: browsers give a page few contexts.

const TURN_VERTEX = `
attribute vec3 place, direction; attribute vec2 at;
uniform mat3 turn; uniform vec3 centre; uniform float extent; uniform vec2 scale;
varying vec3 towards; varying vec2 where;
void main() {
  vec3 seen = turn * (place - centre) / extent;
  float closer = 4.2 / (4.2 - seen.z);
  gl_Position = vec4(seen.xy * closer * 2.0 * scale, -seen.z * 0.2, 1.0);
  towards = turn * direction;
  where = at;
}`;
const TURN_FRAGMENT = `
precision mediump float;
varying vec3 towards; varying vec2 where;
uniform sampler2D cloth; uniform vec4 colour;
const vec3 light = vec3(-0.4204, 0.5506, 0.7208);
void main() {
  float lit = 0.66 + 0.42 * max(0.0, dot(normalize(towards), light));
  gl_FragColor = vec4((colour.a > 0.5 ? colour.rgb : texture2D(cloth, where).rgb) * lit, 1.0);
}`;
const ELEVATION = (9 * Math.PI) / 180;

// Reads a GLB file: of each mesh its numbers, and its colour or its picture.
async function readGlb(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(12, true);
  const tree = JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + length)));
  const chunk = bytes.slice(28 + length);
  const part = (i) => {
    const { byteOffset = 0, byteLength } = tree.bufferViews[i];
    return chunk.slice(byteOffset, byteOffset + byteLength);
  };
  const kinds = { 5121: Uint8Array, 5123: Uint16Array, 5125: Uint32Array, 5126: Float32Array };
  const widths = { SCALAR: 1, VEC2: 2, VEC3: 3 };
  const numbers = (i) => {
    const { bufferView, byteOffset = 0, componentType, count, type } = tree.accessors[i];
    return new kinds[componentType](part(bufferView).buffer, byteOffset, count * widths[type]);
  };
  return Promise.all(
    tree.meshes.map(async ({ primitives: [{ attributes, indices, material }] }) => {
      const { baseColorTexture, baseColorFactor = [1, 1, 1, 1] } = tree.materials[material].pbrMetallicRoughness;
      let picture = null;
      if (baseColorTexture) {
        const image = tree.images[tree.textures[baseColorTexture.index].source];
        picture = await createImageBitmap(new Blob([part(image.bufferView)], { type: image.mimeType }));
      }
      return {
        places: numbers(attributes.POSITION),
        directions: numbers(attributes.NORMAL),
        at: attributes.TEXCOORD_0 === undefined ? null : numbers(attributes.TEXCOORD_0),
        faces: numbers(indices),
        picture,
        colour: baseColorFactor,
      };
    }),
  );
}

class Turntable {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.canvas.className = "turning";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.gl = this.canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
    this.garments = [];
    this.known = new Map();
    this.angle = 0;
    if (this.gl) this.prepare();
  }

  prepare() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, TURN_VERTEX], [gl.FRAGMENT_SHADER, TURN_FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    this.spot = (name) => gl.getUniformLocation(program, name);
    this.input = (name) => gl.getAttribLocation(program, name);
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.CULL_FACE);
    gl.getExtension("OES_element_index_uint");
    const follow = (event) => {
      const box = this.canvas.getBoundingClientRect();
      this.turnTo(((event.clientX - box.left) / box.width - 0.5) * 2 * Math.PI);
    };
    this.canvas.addEventListener("pointerdown", (event) => this.canvas.setPointerCapture(event.pointerId));
    this.canvas.addEventListener("pointermove", follow);
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.turnTo(this.angle + (step * Math.PI) / 18);
    });
  }

  // Returns a garment that is in the page by its name, ready to be drawn; it is read once.
  async load(name) {
    if (!this.known.has(name)) {
      const meshes = await readGlb(bytesOf(document.getElementById(name).textContent.trim()));
      const low = [Infinity, Infinity, Infinity];
      const high = [-Infinity, -Infinity, -Infinity];
      for (const { places } of meshes) {
        places.forEach((value, i) => {
          low[i % 3] = Math.min(low[i % 3], value);
          high[i % 3] = Math.max(high[i % 3], value);
        });
      }
      const centre = low.map((value, i) => (value + high[i]) / 2);
      let around = 0;
      for (const { places } of meshes) {
        for (let i = 0; i < places.length; i += 3) {
          around = Math.max(around, 2 * Math.hypot(places[i] - centre[0], places[i + 2] - centre[2]));
        }
      }
      const parts = meshes.map((mesh) => this.upload(mesh));
      this.known.set(name, { parts, centre, extent: Math.max(around, high[1] - low[1]) * 1.08 });
    }
    return this.known.get(name);
  }

  upload({ places, directions, at, faces, picture, colour }) {
    const { gl } = this;
    const store = (kind, values) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(kind, buffer);
      gl.bufferData(kind, values, gl.STATIC_DRAW);
      return buffer;
    };
    const texture = picture && gl.createTexture();
    if (picture) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, picture);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    }
    return {
      places: store(gl.ARRAY_BUFFER, places),
      directions: store(gl.ARRAY_BUFFER, directions),
      at: at && store(gl.ARRAY_BUFFER, at),
      faces: store(gl.ELEMENT_ARRAY_BUFFER, faces),
      kind: faces instanceof Uint32Array ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT,
      count: faces.length,
      texture,
      // glTF's colours are linear, a screen's are not.
      colour: texture ? [0, 0, 0, 0] : [...colour.slice(0, 3), 1],
    };
  }

  // Shows garments side by side in an element, from the front.
  async show(element, names) {
    const { canvas } = this;
    this.place?.classList.remove("in-the-round");
    this.place = element;
    const garments = await Promise.all(names.map((name) => this.load(name)));
    if (this.place !== element) return;
    this.garments = garments;
    element.append(canvas);
    element.classList.add("in-the-round");
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = Math.round((element.clientWidth || 300) * ratio);
    canvas.height = Math.round(canvas.width / garments.length);
    this.turnTo(0);
  }

  hide() {
    this.place?.classList.remove("in-the-round");
    this.place = null;
    this.canvas.remove();
  }

  turnTo(angle) {
    this.angle = angle;
    const { gl, canvas } = this;
    const [cos, sin, up, down] = [Math.cos(angle), Math.sin(angle), Math.cos(ELEVATION), Math.sin(ELEVATION)];
    // Columns: a turn about the upright axis, then a tilt towards the camera.
    const turn = [cos, down * sin, -up * sin, 0, up, down, sin, -down * cos, up * cos];
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const side = canvas.width / this.garments.length;
    this.garments.forEach(({ parts, centre, extent }, i) => {
      gl.viewport(Math.round(i * side), 0, Math.round(side), canvas.height);
      gl.uniformMatrix3fv(this.spot("turn"), false, turn);
      gl.uniform3fv(this.spot("centre"), centre);
      gl.uniform1f(this.spot("extent"), extent);
      gl.uniform2f(this.spot("scale"), 1, side / canvas.height);
      for (const part of parts) this.draw(part);
    });
    this.turned = (this.turned ?? 0) + 1;
  }

  draw({ places, directions, at, faces, kind, count, texture, colour }) {
    const { gl } = this;
    for (const [name, buffer, width] of [["place", places, 3], ["direction", directions, 3], ["at", at, 2]]) {
      const input = this.input(name);
      if (!buffer) {
        gl.disableVertexAttribArray(input);
        continue;
      }
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(input);
      gl.vertexAttribPointer(input, width, gl.FLOAT, false, 0, 0);
    }
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform4fv(this.spot("colour"), colour);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, faces);
    gl.drawElements(gl.TRIANGLES, count, kind, 0);
  }
}

// Each button that turns something: pressed, the garment takes its picture's place and turns under the pointer.
function startTurning() {
  const buttons = [...document.querySelectorAll("[data-turn]")];
  if (!buttons.length) return null;
  const turntable = new Turntable();
  if (!turntable.gl) return null; // Then the animation of the rail stays, and the buttons stay hidden.
  let pressed = null;
  const release = () => {
    pressed?.setAttribute("aria-pressed", "false");
    pressed = null;
    turntable.hide();
  };
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const again = button === pressed;
      release();
      if (again) return;
      pressed = button;
      button.setAttribute("aria-pressed", "true");
      turntable.canvas.setAttribute("aria-label", inWords({
        en: "A garment in the round: move the pointer, or press the arrow keys",
        ja: "立体の服：ポインターを動かすか、矢印キーを押してください",
      }));
      await turntable.show(document.getElementById(button.dataset.place), button.dataset.turn.split(" "));
      turntable.canvas.focus({ preventScroll: true });
    });
  }
  return turntable;
}
