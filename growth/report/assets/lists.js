// The three lists: still pictures first, charts as they come into view.

const FIRST = 12;
const lists = new Map();

function listTopics(list) {
  const { kind } = state;
  return data.lists[list].filter((index) => !kind || name("kind", index) === kind);
}

function startLists() {
  for (const section of document.querySelectorAll("[data-list]")) {
    const list = section.dataset.list;
    const own = {
      section,
      shown: FIRST,
      cards: section.querySelector(".cards"),
      watcher: new IntersectionObserver(drawSeen, { rootMargin: "200px" }),
    };
    lists.set(list, own);
    section.querySelector(".more").onclick = () => {
      own.shown += FIRST;
      showList(list);
    };
    section.querySelector(".csv").onclick = () => saveSeries(shownTopics(list), `${list}-topics.csv`);
  }
  const kinds = byId("list-kind");
  kinds.onchange = () => go({ kind: kinds.value });
  byId("same-scale").onchange = (event) => go({ same: event.target.checked });
}

const shownTopics = (list) => listTopics(list).slice(0, lists.get(list).shown);

function showLists() {
  byId("list-kind").value = state.kind;
  byId("same-scale").checked = state.same;
  for (const list of lists.keys()) showList(list);
}

function showList(list) {
  const own = lists.get(list);
  const topics = shownTopics(list);
  const all = listTopics(list).length;
  // One scale: the highest of what is shown.
  own.top = state.same ? Math.max(...topics.map(highest)) : null;
  const before = new Map([...own.cards.children].map((card) => [Number(card.dataset.topic), card]));
  const cards = topics.map((index) => before.get(index) ?? makeCard(index));
  own.watcher.disconnect();
  own.cards.replaceChildren(...cards);
  for (const card of cards) own.watcher.observe(card);
  const more = own.section.querySelector(".more");
  const left = all - topics.length;
  more.hidden = !left;
  more.textContent = `Show ${Math.min(left, FIRST)} more of ${whole(left)}`;
  const csv = own.section.querySelector(".csv");
  csv.disabled = !topics.length;
  csv.textContent = `Download these series (CSV, ${whole(seriesLength(topics))} rows)`;
}

// As the template writes it.
function makeCard(index) {
  const card = make("li", { className: "card" });
  card.dataset.topic = index;
  const happened = make("p", { className: "happened" }, data.happened[index]);
  if (data.pace[index]) happened.append(make("br"), `odds ${data.pace[index]}`);
  card.append(
    make("h3", {}, topicLink(index)),
    make("p", { className: "facts" }, `${name("kind", index)} · ${whole(data.count[index])} articles`),
    make("div", { className: "chart", role: "img", "aria-label": describe(index) }),
    happened,
  );
  if (data.also[index]) card.append(also(index));
  return card;
}

function also(index) {
  const line = make("p", { className: "also" }, "also: ");
  data.also[index].forEach((label, place) => line.append(place ? ", " : "", make("bdi", {}, label)));
  return line;
}

const topicLink = (index) =>
  make("a", { href: `#topic=${data.id[index]}` }, make("bdi", {}, data.label[index]));

function drawSeen(entries) {
  for (const { isIntersecting, target } of entries) if (isIntersecting) drawCard(target);
}

function drawCard(card) {
  const { top } = lists.get(card.closest("[data-list]").dataset.list);
  const index = Number(card.dataset.topic);
  const scale = String(top ?? "");
  const container = card.querySelector(".chart");
  if (card.dataset.scale === scale) return;
  card.dataset.scale = scale;
  draw(container, topicChart("small", index, top === null ? {} : { top }));
}
