"use strict";
// The pages work without this file; it adds what must follow the hand: graphs, maps, and news of a running document.

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/** Dragging, wheel, pinch and keys on an element, as moves and zooms about a point of it. */
function steer(element, { move, zoom, all }) {
    const fingers = new Map();
    let dragged = 0, spread = 0;
    const at = event => { const box = element.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    element.addEventListener("pointerdown", event => { fingers.set(event.pointerId, at(event)); dragged = 0; spread = 0; });
    element.addEventListener("pointermove", event => {
        const before = fingers.get(event.pointerId);
        if (!before) return;
        const now = at(event);
        fingers.set(event.pointerId, now);
        const points = [...fingers.values()];
        if (points.length === 2) {
            const apart = Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]);
            if (spread > 0) zoom(apart / spread, (points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2);
            spread = apart;
            return;
        }
        dragged += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
        if (dragged > 4 && !element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
        move(now[0] - before[0], now[1] - before[1]);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"])
        element.addEventListener(end, event => { if (end !== "pointerleave" || !element.hasPointerCapture(event.pointerId)) { fingers.delete(event.pointerId); spread = 0; } });
    // A drag that ends on a node is not a click on it.
    element.addEventListener("click", event => { if (dragged > 4) { event.preventDefault(); event.stopPropagation(); } dragged = 0; }, true);
    element.addEventListener("dragstart", event => event.preventDefault());
    element.addEventListener("wheel", event => { event.preventDefault(); zoom(Math.exp(-clamp(event.deltaY, -200, 200) / 400), ...at(event)); }, { passive: false });
    element.addEventListener("keydown", event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const box = element.getBoundingClientRect();
        const keys = { ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0), ArrowUp: () => move(0, 60), ArrowDown: () => move(0, -60),
            "+": () => zoom(1.3, box.width / 2, box.height / 2), "-": () => zoom(1 / 1.3, box.width / 2, box.height / 2), "0": all };
        const action = keys[event.key === "=" ? "+" : event.key];
        if (!action) return;
        event.preventDefault();
        action();
    });
}

function startGraph(graph) {
    const canvas = graph.querySelector(".canvas"), svg = canvas.querySelector("svg");
    const width = svg.viewBox.baseVal.width, height = svg.viewBox.baseVal.height;
    graph.classList.add("moves");
    let view = { x: 0, y: 0, scale: 1 };
    const draw = () => {
        const box = canvas.getBoundingClientRect();
        svg.setAttribute("viewBox", `${view.x} ${view.y} ${box.width / view.scale} ${box.height / view.scale}`);
    };
    const whole = () => Math.min(canvas.clientWidth / width, canvas.clientHeight / height);
    const fit = () => {
        const scale = Math.min(1.2, whole());
        view = { scale, x: (width - canvas.clientWidth / scale) / 2, y: (height - canvas.clientHeight / scale) / 2 };
        draw();
    };
    const zoom = (factor, x, y) => {
        const scale = clamp(view.scale * factor, Math.min(0.02, whole()), 4);
        view = { scale, x: view.x + x / view.scale - x / scale, y: view.y + y / view.scale - y / scale };
        draw();
    };
    steer(canvas, { move: (x, y) => { view.x -= x / view.scale; view.y -= y / view.scale; draw(); }, zoom, all: fit });
    const middle = factor => zoom(factor, canvas.clientWidth / 2, canvas.clientHeight / 2);
    graph.querySelector("[data-zoom=in]").addEventListener("click", () => middle(1.4));
    graph.querySelector("[data-zoom=out]").addEventListener("click", () => middle(1 / 1.4));
    graph.querySelector("[data-zoom=fit]").addEventListener("click", fit);
    const show = node => {
        const place = node.transform.baseVal.consolidate().matrix;
        view.x = place.e + 100 - canvas.clientWidth / view.scale / 2;
        view.y = place.f + 21 - canvas.clientHeight / view.scale / 2;
        draw();
    };
    // Keyboard: a node that gets the focus comes into view.
    svg.addEventListener("focusin", event => { const node = event.target.closest(".node"); if (node && event.target.matches(":focus-visible")) { if (view.scale < 0.6) view.scale = 0.9; show(node); canvas.scrollTop = canvas.scrollLeft = 0; } });
    const find = graph.querySelector("[data-find]"), found = graph.querySelector("[data-found]");
    const nodes = [...svg.querySelectorAll(".node")];
    let hits = [], next = 0;
    find.addEventListener("input", () => {
        const text = find.value.trim().toLowerCase();
        hits = text ? nodes.filter(node => node.textContent.toLowerCase().includes(text)) : [];
        for (const node of nodes) {
            node.classList.toggle("found", hits.includes(node));
            node.classList.toggle("dim", text !== "" && !hits.includes(node));
        }
        found.textContent = text === "" ? "" : hits.length === 1 ? "1 found" : `${hits.length} found`;
        next = 0;
        if (hits.length) { if (view.scale < 0.6) view.scale = 0.9; show(hits[0]); }
    });
    find.addEventListener("keydown", event => { if (event.key === "Enter" && hits.length) show(hits[next = (next + 1) % hits.length]); });
    new ResizeObserver(() => draw()).observe(canvas);
    // Readable at first: where all would be tiny, the end of the graph, which is the file itself.
    if (whole() >= 0.45) fit();
    else {
        view.scale = clamp(whole(), 0.7, 1);
        const result = svg.querySelector(".result") || nodes[nodes.length - 1];
        show(result);
        view.x = width - canvas.clientWidth / view.scale;
        draw();
    }
}

/** Viridis (S. van der Walt, N. Smith, 2015; CC0), at nine places. */
const scale = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];
const colour = part => {
    const place = clamp(part, 0, 1) * (scale.length - 1), low = Math.min(scale.length - 2, Math.floor(place)), rest = place - low;
    return scale[low].map((value, i) => Math.round(value + (scale[low + 1][i] - value) * rest));
};
const figure = value => Number.isInteger(value) ? value.toLocaleString("en") : Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(3) : value.toLocaleString("en", { maximumFractionDigits: 4 });

function legend(place, least, most) {
    place.textContent = "";
    const strip = document.createElement("canvas");
    strip.width = 144; strip.height = 1;
    const pen = strip.getContext("2d");
    for (let i = 0; i < 144; i++) { pen.fillStyle = `rgb(${colour(i / 143)})`; pen.fillRect(i, 0, 1, 1); }
    place.append(figure(least), strip, figure(most));
}

/** A map: its view is a point of the projection at the canvas's middle and units for each pixel. */
function startMap(element) {
    const canvas = element.querySelector("canvas"), value = element.querySelector("[data-value]"), pen = canvas.getContext("2d");
    const source = element.dataset.source;
    let view = null, layer = null;
    const size = () => { const box = canvas.getBoundingClientRect(), sharp = window.devicePixelRatio || 1; canvas.width = Math.round(box.width * sharp); canvas.height = Math.round(box.height * sharp); pen.setTransform(sharp, 0, 0, sharp, 0, 0); return box; };
    const draw = () => {
        if (!layer || !view) return;
        const box = size();
        pen.clearRect(0, 0, box.width, box.height);
        layer.draw(pen, (x, y) => [box.width / 2 + (x - view.x) / view.unit, box.height / 2 - (y - view.y) / view.unit], view, box);
    };
    const fit = () => {
        const box = canvas.getBoundingClientRect(), [left, bottom, right, top] = layer.extent;
        view = { x: (left + right) / 2, y: (bottom + top) / 2, unit: Math.max((right - left) / box.width, (top - bottom) / box.height, 1e-12) * 1.06 };
        changed();
    };
    const changed = () => { draw(); layer.settle?.(view, canvas.getBoundingClientRect()); };
    const point = (x, y) => { const box = canvas.getBoundingClientRect(); return [view.x + (x - box.width / 2) * view.unit, view.y - (y - box.height / 2) * view.unit]; };
    const tell = (x, y) => { if (layer) value.textContent = layer.tell(...point(x, y), view); };
    const fail = text => { value.textContent = text; canvas.hidden = true; };
    const ready = made => {
        layer = made;
        fit();
        value.textContent = layer.about;
        steer(canvas, {
            move: (x, y) => { view.x -= x * view.unit; view.y += y * view.unit; changed(); },
            zoom: (factor, x, y) => { const [px, py] = point(x, y); view.unit /= factor; const [nx, ny] = point(x, y); view.x += px - nx; view.y += py - ny; changed(); },
            all: fit,
        });
        canvas.addEventListener("pointermove", event => { const box = canvas.getBoundingClientRect(); tell(event.clientX - box.left, event.clientY - box.top); });
        canvas.addEventListener("pointerleave", () => { value.textContent = layer.about; });
        canvas.addEventListener("keyup", () => { const box = canvas.getBoundingClientRect(); if (layer) tell(box.width / 2, box.height / 2); });
        new ResizeObserver(draw).observe(canvas);
        element.dataset.ready = "true";
    };
    (element.dataset.map === "raster" ? rasterLayer(source, element, draw) : vectorLayer(source)).then(ready, error => fail(error.message));
}

async function fetched(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return answer;
}

async function rasterLayer(source, element, draw) {
    const load = async query => {
        const bytes = await (await fetched(source + (query ? (source.includes("?") ? "&" : "?") + query : ""))).arrayBuffer();
        const length = new DataView(bytes).getInt32(0, true);
        return { ...JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length))), values: new Float32Array(bytes, 4 + length) };
    };
    const first = await load("");
    // Without a place of its own a raster lies on its cells, the first at the top.
    const [x0, y0, stepX, stepY] = first.place || [0, 0, 1, -1];
    let least = Infinity, most = -Infinity;
    for (const v of first.values) if (Number.isFinite(v)) { least = Math.min(least, v); most = Math.max(most, v); }
    if (least > most) least = most = 0;
    legend(element.querySelector("[data-legend]"), least, most);
    const paint = part => {
        const picture = document.createElement("canvas");
        picture.width = part.columns; picture.height = part.rows;
        const pen = picture.getContext("2d"), data = pen.createImageData(part.columns, part.rows), span = most > least ? most - least : 1;
        for (let i = 0; i < part.values.length; i++) {
            const v = part.values[i];
            if (Number.isNaN(v)) continue;
            const [r, g, b] = colour(most > least ? (v - least) / span : 0.5);
            data.data.set([r, g, b, 255], i * 4);
        }
        pen.putImageData(data, 0, 0);
        return { ...part, picture };
    };
    const whole = paint(first);
    let detail = null, timer = 0, asked = 0;
    const put = (pen, place, part) => {
        const [left, top] = place(x0 + part.x * stepX, y0 + part.y * stepY), [right, bottom] = place(x0 + (part.x + part.w) * stepX, y0 + (part.y + part.h) * stepY);
        pen.imageSmoothingEnabled = false;
        pen.save();
        pen.translate(left, top);
        pen.scale(Math.sign(right - left) || 1, Math.sign(bottom - top) || 1);
        pen.drawImage(part.picture, 0, 0, Math.abs(right - left), Math.abs(bottom - top));
        pen.restore();
    };
    const valueOf = (part, column, row) => {
        if (!part || column < part.x || row < part.y || column >= part.x + part.w || row >= part.y + part.h) return undefined;
        return part.values[Math.min(part.rows - 1, Math.floor((row - part.y) * part.rows / part.h)) * part.columns + Math.min(part.columns - 1, Math.floor((column - part.x) * part.columns / part.w))];
    };
    const xs = [x0, x0 + first.width * stepX], ys = [y0, y0 + first.height * stepY];
    return {
        extent: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
        about: (first.coarse ? "A coarse sample: the file has no overviews (gdaladdo makes them). " : "") + (first.projection ? `Places in ${first.projection}` : "The file names no projection: places are cells"),
        draw: (pen, place) => { put(pen, place, whole); if (detail) put(pen, place, detail); },
        settle: (view, box) => {
            if (first.exact) return;
            clearTimeout(timer);
            timer = setTimeout(async () => {
                const columns = [(view.x - box.width / 2 * view.unit - x0) / stepX, (view.x + box.width / 2 * view.unit - x0) / stepX].sort((a, b) => a - b);
                const rows = [(view.y - box.height / 2 * view.unit - y0) / stepY, (view.y + box.height / 2 * view.unit - y0) / stepY].sort((a, b) => a - b);
                const x = Math.floor(clamp(columns[0], 0, first.width - 1)), y = Math.floor(clamp(rows[0], 0, first.height - 1));
                const w = Math.ceil(clamp(columns[1] - x, 1, first.width - x)), h = Math.ceil(clamp(rows[1] - y, 1, first.height - y));
                if (w >= first.width && h >= first.height) { detail = null; draw(); return; }
                const turn = ++asked;
                try {
                    const part = paint(await load(`x=${x}&y=${y}&w=${w}&h=${h}`));
                    if (turn === asked) { detail = part; draw(); }
                } catch { /* The whole stays in view. */ }
            }, 180);
        },
        tell: (x, y) => {
            const column = Math.floor((x - x0) / stepX), row = Math.floor((y - y0) / stepY);
            const v = valueOf(detail, column, row) ?? valueOf(whole, column, row);
            const place = first.place ? `${figure(x)}, ${figure(y)}` : `column ${column}, row ${row}`;
            return v === undefined ? place : `${place}: ${Number.isNaN(v) ? "no data" : figure(v)}`;
        },
    };
}

async function vectorLayer(source) {
    let json;
    try { json = JSON.parse(await (await fetched(source)).text()); } catch (error) { throw new Error(`This is not GeoJSON that can be read: ${error.message}`); }
    const shapes = [];
    const extent = [Infinity, Infinity, -Infinity, -Infinity];
    const rings = coordinates => coordinates.map(ring => ring.map(([x, y]) => {
        extent[0] = Math.min(extent[0], x); extent[1] = Math.min(extent[1], y); extent[2] = Math.max(extent[2], x); extent[3] = Math.max(extent[3], y);
        return [x, y];
    }));
    const add = (geometry, properties, depth) => {
        if (!geometry || depth > 8) return;
        const c = geometry.coordinates;
        if (geometry.type === "Point") shapes.push({ kind: "point", rings: rings([[c]]), properties });
        else if (geometry.type === "MultiPoint") shapes.push({ kind: "point", rings: rings([c]), properties });
        else if (geometry.type === "LineString") shapes.push({ kind: "line", rings: rings([c]), properties });
        else if (geometry.type === "MultiLineString") shapes.push({ kind: "line", rings: rings(c), properties });
        else if (geometry.type === "Polygon") shapes.push({ kind: "area", rings: rings(c), properties });
        else if (geometry.type === "MultiPolygon") for (const part of c) shapes.push({ kind: "area", rings: rings(part), properties });
        else if (geometry.type === "GeometryCollection") for (const part of geometry.geometries || []) add(part, properties, depth + 1);
    };
    for (const feature of json.features || (json.type === "Feature" ? [json] : [{ geometry: json }])) add(feature.geometry, feature.properties, 0);
    if (!shapes.length || !Number.isFinite(extent[0])) throw new Error("There are no shapes in it.");
    if (extent[0] === extent[2] && extent[1] === extent[3]) { extent[0] -= 1; extent[1] -= 1; extent[2] += 1; extent[3] += 1; }
    const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    const trace = (pen, shape, place) => {
        pen.beginPath();
        for (const ring of shape.rings) {
            if (shape.kind === "point") for (const [x, y] of ring) { const [px, py] = place(x, y); pen.moveTo(px + 4, py); pen.arc(px, py, 4, 0, 7); }
            else ring.forEach(([x, y], i) => { const [px, py] = place(x, y); if (i) pen.lineTo(px, py); else pen.moveTo(px, py); });
        }
    };
    const holds = (shape, x, y, near) => {
        if (shape.kind === "point") return shape.rings[0].some(([px, py]) => Math.hypot(px - x, py - y) < near);
        let inside = false;
        for (const ring of shape.rings)
            for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
                const [ax, ay] = ring[i], [bx, by] = ring[j];
                if (shape.kind === "line") { const t = clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2 || 1), 0, 1); if (i && Math.hypot(ax + t * (bx - ax) - x, ay + t * (by - ay) - y) < near) return true; }
                else if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside;
            }
        return inside;
    };
    return {
        extent,
        about: shapes.length === 1 ? "1 shape" : `${figure(shapes.length)} shapes`,
        draw: (pen, place) => {
            pen.lineWidth = 1.2; pen.strokeStyle = accent; pen.fillStyle = accent;
            for (const shape of shapes) {
                trace(pen, shape, place);
                if (shape.kind !== "line") { pen.globalAlpha = shape.kind === "area" ? 0.16 : 0.7; pen.fill("evenodd"); pen.globalAlpha = 1; }
                pen.stroke();
            }
        },
        tell: (x, y, view) => {
            const shape = shapes.findLast(s => holds(s, x, y, view.unit * 6));
            const facts = shape?.properties ? Object.entries(shape.properties).slice(0, 6).map(([name, v]) => `${name} ${typeof v === "object" ? JSON.stringify(v) : v}`).join(", ") : "";
            return `${figure(x)}, ${figure(y)}${facts ? ": " + facts : ""}`;
        },
    };
}

function startEvents(article) {
    const source = new EventSource(article.dataset.events);
    source.addEventListener("block", event => {
        const cut = event.data.indexOf("\n"), place = document.getElementById(event.data.slice(0, cut));
        // Markup of the server, in which every name and every line of a log is escaped.
        if (place) place.innerHTML = event.data.slice(cut + 1);
    });
    source.addEventListener("reload", () => { source.close(); location.reload(); });
    addEventListener("pagehide", () => source.close());
}

document.querySelectorAll("[data-graph]").forEach(startGraph);
const shown = new IntersectionObserver(entries => { for (const entry of entries) if (entry.isIntersecting) { shown.unobserve(entry.target); startMap(entry.target); } }, { rootMargin: "300px" });
document.querySelectorAll("[data-map]").forEach(map => shown.observe(map));
document.querySelectorAll("[data-events]").forEach(startEvents);
