"""Words of the fictional newspaper behind the generated sample: topics, templates, slots.

Data only: text.py turns it into sentences, newspaper.py decides which article carries which topics.
Every person, place, organisation and work is invented; subjects are everyday words.

Topic tables: entries are split by ";". An entry is a label in the archive's style, optionally
followed by "=" and the forms a headline uses for it, split by "/"; a "+" at the end of a form marks
a plural, so that verbs agree. Without "=", the form is the label itself without its parenthesis.
Inside a table the most frequent topics stand first.

Templates are split by "|". `{S}` is a subject, `{P}` a person's full name, `{L}` the surname, `{G}`
a place, `{O}` an organisation, `{W}` a work; a template is used only for an article that carries
those topics. `{z}`, `{es}`, `{ies}`, `{is}`, `{has}` and `{them}` agree in number with `{S}`. Slots
in lower case are filled from SLOTS, `{Group}` and `{Quote}` with a capital. No template puts an
article or an adjective directly before `{S}`, and no word of a planted topic stands elsewhere.
"""

# ruff: noqa: RUF001 -- curly quotation marks are what the real archive's headlines hold

from typing import Final

THEMES: Final[dict[str, float]] = {
    "politics": 0.15,
    "world": 0.12,
    "business": 0.14,
    "science": 0.10,
    "health": 0.08,
    "arts": 0.14,
    "sports": 0.08,
    "city": 0.11,
    "living": 0.08,
}
"""Share of articles of each theme. Sums to 1."""

SECTIONS: Final[dict[str, tuple[str, str]]] = {
    "politics": ("Politics", "Politics"),
    "world": ("World", "Foreign"),
    "business": ("Business Day", "Business"),
    "science": ("Science", "Science"),
    "health": ("Health", "Well"),
    "arts": ("Arts", "Culture"),
    "sports": ("Sports", "Sports"),
    "city": ("The City", "Metro"),
    "living": ("Style", "Styles"),
}
"""Theme to section_name and news_desk."""

SUBJECTS: Final[dict[str, str]] = {
    "politics": """Politics and Government=government reform/open government; Elections=early
        voting/local elections+; Law and Legislation=new laws+/emergency laws+; Budgets and
        Budgeting=the budget/budget cuts+; Taxation=property taxes+/the sales tax;
        Legislatures=the legislature/late-night sessions+; Courts and the Judiciary=the
        courts+/judicial appointments+; Voting Rights; Immigration and
        Emigration=immigration/visa rules+; Campaign Finance=campaign finance/secret
        donations+; Polls and Public Opinion=opinion polls+/public opinion; Ethics and Official
        Misconduct=ethics rules+/official misconduct; Referendums=ballot
        questions+/referendums+; Whistle-Blowers=whistle-blowers+; Speeches and
        Statements=stump speeches+""",
    "world": """Diplomacy and Foreign Relations=diplomacy/foreign relations+; International
        Trade=trade barriers+/international trade; Treaties=peace talks+/old treaties+;
        Protests and Demonstrations=street protests+/mass protests+; Refugees and Displaced
        Persons=refugees+; Foreign Aid; Borders=open borders+/border checks+; Shipping
        Lanes=sea routes+/shipping lanes+; Summit Meetings; Fishing Rights; Military Exercises;
        Royal Families=royal ceremonies+/the monarchy; Embassies and Consulates=embassies+;
        Languages and Language Study=endangered languages+/language schools+""",
    "business": """Economy=the economy/slow growth; Labor and Jobs=the job market/hiring;
        Banking and Financial Institutions=small banks+/bank branches+; Stocks and
        Bonds=stocks+/bonds+; Inflation (Economics)=inflation/rising prices+; Interest Rates;
        Shopping and Retail=online shopping/department stores+; Wages and
        Salaries=wages+/overtime pay; Real Estate (Commercial)=empty offices+/office towers+;
        Small Business=small businesses+/family firms+; Mergers, Acquisitions and
        Divestitures=mergers+/hostile takeovers+; Start-Ups=start-ups+; Factories and
        Manufacturing=factories+; Airlines and Airplanes=airlines+/night flights+; Prices
        (Fares, Fees and Rates)=hidden fees+/train fares+; Advertising and
        Marketing=advertising; Supply Chains""",
    "science": """Global Warming=global warming/rising seas+; Artificial
        Intelligence=artificial intelligence/A.I. tools+; Space and Astronomy=distant
        planets+/space telescopes+; Solar Power=solar power/solar panels+; Computer
        Security=data breaches+/computer security; Oceans and Seas=the deep ocean/coral reefs+;
        Electric Vehicles=electric trucks+/electric cars+; Drought; Wildfires;
        Birds=birds+/migrating birds+; Forests and Forestry=old forests+; Wind Power=wind
        power/wind turbines+; Robots; Batteries; Fossils; Volcanoes""",
    "health": """Medicine and Health=public health/preventive medicine;
        Hospitals=hospitals+/rural hospitals+; Mental Health and Disorders=mental
        health/anxiety; Drugs (Pharmaceuticals)=generic drugs+/drug prices+; Vaccination and
        Immunization=vaccines+; Elder Care; Diet and Nutrition=nutrition/school lunches+;
        Exercise=exercise/strength training; Nursing and Nurses=nurses+/night nurses+; Sleep;
        Pregnancy and Childbirth=midwives+; Allergies; Teeth and Dentistry=dental care""",
    "arts": """Books and Literature=novels+/short stories+; Music=choral music/new music;
        Movies=slow cinema/movies+; Art=modern art/public art; Theater=theater/regional
        theater; Television=television; Museums=museums+/small museums+; Dance; Architecture;
        Opera; Photography; Poetry and Poets=poetry/young poets+; Awards, Decorations and
        Honors=arts prizes+; Libraries and Librarians=libraries+; Jazz; Video Games; Comic
        Books and Strips=comic books+""",
    "sports": """Soccer; Baseball; Tennis=tennis; Coaches and Managers=coaches+/young coaches+;
        Running=distance running/marathon running; Stadiums and Arenas=stadiums+; Sports
        Injuries=knee injuries+/sports injuries+; Bicycle Racing; Swimming; Rowing;
        Chess=chess; Skating""",
    "city": """Housing=housing/affordable housing; Education (K-12)=public schools+/homework;
        Transit Systems=night buses+/public transit; Crime and Criminals=petty
        crime/burglaries+; Police=the police+/police patrols+; Rent and Renters=rents+/rent
        control; Colleges and Universities=universities+/tuition; Weather=the weather/storm
        warnings+; Traffic and Parking=parking/rush-hour traffic; Bridges and Tunnels=old
        bridges+/tunnels+; Parks and Other Recreation Areas=city parks+/playgrounds+;
        Floods=flash floods+/floods+; Homeless Persons=homeless shelters+; Bicycles and
        Bicycling=bike lanes+; Water=tap water/water mains+; Waste Materials and
        Disposal=recycling/garbage collection; Fires and Firefighters=firefighters+/fire
        safety; Zoning; Noise=street noise; Ferries""",
    "living": """Cooking and Cookbooks=weeknight cooking/cookbooks+;
        Restaurants=restaurants+/neighborhood restaurants+; Travel and Vacations=slow
        travel/train trips+; Parenting; Fashion and Apparel=fashion/secondhand clothes+;
        Weddings and Engagements=small weddings+/weddings+; Gardens and
        Gardening=gardening/rooftop gardens+; Dogs=dogs+/rescue dogs+; Coffee; Friendship;
        Bread=sourdough bread/good bread; Wine; Hotels=hotels+; Furniture; Hobbies=odd hobbies+""",
}

PERSONS: Final[dict[str, str]] = {
    "politics": """Corvannis, Helene; Penhallick, Amos R; Jandrekar, Sunil; Wexelmann, Ruth;
        Dellaquist, Tobias; Ithersby, Cora; Vantresk, Marius; Umberfield, Joan""",
    "world": """Zárandos, Iñaki; Kestervane, Irina; Okonverre, Adaeze; Lorrimund, Anders;
        Mirébault, Océane; Tashirovan, Kenzo""",
    "business": """Gravensand, Peter J; Quennebert, Lucie; Bhattarell, Rohan; Hollowyck, Dana;
        Eskerholt, Nils; Sorrelby, Martha""",
    "science": "Nollabry, Fiona; Zellicourt, Émile; Rosmarden, Ivo; Tamberline, Grace",
    "health": "Fennimoor, Alice; Marchetal, Joaquín; Ostrivane, Lena",
    "arts": """Yarrowdane, Miles; Castellune, Bianca; Ondurango, Tunde; Pellicrane, Sofie;
        Vesterholm, Klara; Drummoyle, Declan; Amarilleux, Chloé""",
    "sports": """Brackwell-Oduya, Femi; Sandrovic, Milo; Talverone, Jess; Kowaldine, Petra;
        Hurstgale, Danny; Imanuelle, Rosa""",
    "city": "Thackerel, Bernard; Mossinghale, Priya; Delacorva, Nina; Pottlewick, Gus",
    "living": "Saffronelle, Ines; Butterwyck, Hugh; Lindqvarn, Astrid",
}

ORGANIZATIONS: Final[dict[str, str]] = {
    "politics": """Reform Alliance Party=the Reform Alliance; Harbor and Field Party=the Harbor
        and Field Party; National Elections Bureau=the Elections Bureau; Citizens’ Budget
        League=the Budget League""",
    "world": """Northern Straits Union=the Straits Union; Council of Island States=the Island
        States Council; Relief Without Walls""",
    "business": """Central Bank of Verrane=the Central Bank; Ottoline Motors; Grandmere Stores;
        Brindle & Sons; Skylark Air; Pallister Freight; Nine Elms Capital; Foxglove Software""",
    "science": """Institute for Deep Water Studies=the Deep Water Institute; Polar Weather
        Service=the Polar Weather Service; Meridian Space Agency=the Meridian Space Agency;
        Cloudberry Labs""",
    "health": """Ministry of Public Health (Verrane)=the Health Ministry; Saint Odile Hospital;
        Alder Pharmaceuticals""",
    "arts": """Royal Verrane Opera=the Royal Verrane Opera; Museum of Everyday Things=the
        Museum of Everyday Things; Halcyon Pictures; Lighthouse Theater Company=the Lighthouse
        Theater; Tin Drum Records""",
    "sports": """Quillon Athletic Club=Quillon Athletic; Hallowmere United; Brackwater Rowing
        Club""",
    "city": """City Transit Board=the Transit Board; Board of Schools (Quillon)=the School
        Board; Quillon University; Tenants’ Union=the Tenants’ Union; Harbor Patrol=the Harbor
        Patrol""",
    "living": "Copper Kettle (Restaurant)=the Copper Kettle; Marrow Valley Growers",
}

PLACES: Final[str] = """Verrane; Quillon (Verrane); Hallowmere (Verrane); Isle of Sorn=the Isle
    of Sorn; Brackwater (Verrane); Northern Straits=the Northern Straits; Dunmarrow (Verrane);
    Lindenfell; Marrow Valley=the Marrow Valley; Veshtara; Cape Lorn (Verrane); Ardaluz;
    Tolvanna (Lindenfell); Greywick (Quillon); Sable Islands=the Sable Islands; Mirrowmouth
    (Verrane); Old Tannery (Quillon); Kholemsk (Veshtara); San Iñerro (Ardaluz); Upper Fenn
    (Verrane); Pyrrol Bay=Pyrrol Bay; Östervik (Lindenfell); Thornhaven (Isle of Sorn); Candle
    Hill (Quillon); Nerezza Desert=the Nerezza Desert; Wick Harbor (Verrane); Ambermoor
    (Verrane); Château-Lys (Ardaluz); Low Fields (Quillon); Zubrin (Veshtara); Saltmarsh County
    (Verrane)=Saltmarsh County; Gull Point (Cape Lorn)=Gull Point; Hesper Mountains=the Hesper
    Mountains; Elverstone (Lindenfell)"""

WORKS: Final[str] = """The Cartographer’s Daughter (Book); Nine Small Storms (TV Program); The
    Long Platform (Movie); Ash and Ivory (Opera); A House of Weather (Play); Blue Static
    (Album); The Understudies (TV Program); Postcards to No One (Book); Minor Saints (Movie);
    Night Swimming Lessons (Book); The Hedge Keepers (Play); Half a Lighthouse (Movie); Paper
    Cavalry (Video Game); Songs for an Empty Pool (Album); The Last Typist (Book); Greenhouse 9
    (TV Program); Portrait With Rain (Movie); Étude for Two Ferries (Dance); The Sugar Clerk
    (Play)"""

PLANTED: Final[tuple[tuple[str, str, str, str, *tuple[float, ...]], ...]] = (
    ("subject", "science", "Kelp Farming=kelp farms+/kelp farming/kelp",
     "rising", 0.006, 0.045, 0.0, 0.3),
    ("subject", "city", "Glass Roads and Pavements=glass roads+/glass pavements+",
     "rising", 0.010, 0.030, 0.0, 0.5),
    ("subject", "business", "Heat Pumps=heat pumps+", "rising", 0.020, 0.032, 0.0, 0.0),
    ("person", "politics", "Aldermont, Vera", "rising", 0.006, 0.030, 0.0, 0.3),
    ("place", "", "Port Ember (Isle of Sorn)", "rising", 0.005, 0.020, 0.0, 0.5),
    ("organization", "science", "Tidewatch Foundation=the Tidewatch Foundation",
     "rising", 0.006, 0.015, 0.0, 0.0),
    ("subject", "business", "Four-Day Workweek=the four-day workweek",
     "saturating", 0.0, 0.040, 0.40, 0.3),
    ("organization", "city", "Lumen Rail", "saturating", 0.0, 0.025, 0.55, 0.0),
    ("work", "arts", "The Salt Orchard (TV Program)", "saturating", 0.0, 0.020, 0.30, 0.5),
    ("subject", "living", "Landline Telephones=landline phones+/landlines+",
     "falling", 0.036, 0.006, 0.0, 0.3),
    ("subject", "business", "Shopping Arcades=shopping arcades+/old arcades+",
     "falling", 0.030, 0.015, 0.0, 0.0),
    ("person", "politics", "Brandling, Oswin", "falling", 0.032, 0.008, 0.0, 0.3),
    ("organization", "business", "Merrowgate Savings Bank=Merrowgate Savings",
     "falling", 0.021, 0.007, 0.0, 0.5),
    ("place", "", "Karrowick (Verrane)", "falling", 0.025, 0.010, 0.0, 0.3),
    ("subject", "health", "Rust Fever (Disease)=rust fever", "pulse", 0.003, 0.040, 0.45, 0.3),
    ("person", "world", "Solvanter, Idris", "pulse", 0.002, 0.025, 0.60, 0.3),
    ("work", "arts", "Winter Atlas (Movie)", "pulse", 0.002, 0.020, 0.35, 0.0),
    ("place", "", "Gorse Island (Sable Islands)=Gorse Island", "pulse", 0.003, 0.025, 0.70, 0.5),
    ("subject", "living", "Lantern Night (Holiday)=lantern night/paper lanterns+",
     "seasonal", 0.003, 0.035, 0.0, 0.3),
    ("subject", "living", "Gift Giving=gift giving/handmade gifts+",
     "seasonal", 0.005, 0.025, 0.0, 0.0),
    ("work", "arts", "The Ferryman’s Carol (Dance)", "seasonal", 0.001, 0.015, 0.0, 0.3),
    ("subject", "living", "Beekeeping=beekeeping/beekeepers+", "flat", 0.015, 0.015, 0.0, 0.0),
    ("person", "arts", "Oakhanger, Lydia", "flat", 0.012, 0.012, 0.0, 0.0),
    ("place", "", "Tarn Hollow (Verrane)=Tarn Hollow", "flat", 0.014, 0.014, 0.0, 0.0),
    ("organization", "sports", "Dunmarrow City Football Club=Dunmarrow City",
     "flat", 0.010, 0.010, 0.0, 0.0),
    ("subject", "city", "Harbor Fog=harbor fog", "bursty", 0.020, 0.020, 0.0, 1.0),
    ("person", "sports", "Calloraine, Remy", "bursty", 0.015, 0.015, 0.0, 1.0),
    ("organization", "world", "Committee for the Straits=the Straits Committee",
     "bursty", 0.012, 0.012, 0.0, 1.0),
    ("place", "", "Vantry Pass=the Vantry Pass", "bursty", 0.015, 0.015, 0.0, 1.0),
    ("subject", "arts", "Accordions=accordions+/the accordion",
     "flat", 0.016, 0.016, 0.0, 0.5, 0.4),
    ("subject", "city", "Moss Roofs=moss roofs+", "rising", 0.005, 0.028, 0.0, 0.5, 0.4),
    ("subject", "politics", "Siestas=siestas+/the midday siesta",
     "step", 0.003, 0.018, 0.55, 0.3),
    ("organization", "business", "Puffin Parcel Service=Puffin Parcel",
     "step", 0.005, 0.020, 0.35, 0.0),
    ("person", "city", "Quarrendon, Ottilie", "step", 0.025, 0.005, 0.62, 0.3),
    ("subject", "city", "Trackless Trams=trackless trams+",
     "step_drift", 0.002, 0.010, 0.40, 0.3, 0.0, 0.030),
    ("person", "world", "Ferrabend, Cosima", "step_drift", 0.002, 0.040, 0.33, 0.3, 0.0, 0.010),
    ("subject", "science", "Auroras=auroras+/the green aurora",
     "event", 0.004, 0.080, 0.45, 0.0, 0.0, 0.004, 0.08),
    ("person", "business", "Wrenfield, Otto", "event", 0.002, 0.070, 0.24, 0.3, 0.0, 0.009, 0.06),
    ("place", "", "Mount Othry (Veshtara)=Mount Othry",
     "event", 0.003, 0.060, 0.65, 0.0, 0.0, 0.012, 0.05),
)  # fmt: skip
"""Topics with a known curve: kind, theme, entry, shape, then numbers.

They are share_start, share_end (of `pulse` its peak, of `saturating` its ceiling, behind a jump the
share on its day), where in the window it bends, peaks or jumps, and the noise's standard deviation.
Then, 0 where a row ends before: the memory of the noise, the share that follows a jump (of
`step_drift` on the last day, of `event` the one it settles at), and the half-life of `event` as a
part of the window. For `saturating` the first share follows from the curve.
"""

INTERNAL_TAGS: Final[dict[str, float]] = {
    "Content Type: Service": 0.05,
    "internal-essential": 0.03,
    "vis-design": 0.015,
    "audio-neutral-informative": 0.02,
}
"""The newsroom's own tags among the subjects, with their share of tagged articles."""

SLOTS: Final[dict[str, str]] = {
    "group": """farmers; teachers; lawmakers; scientists; nurses; commuters; renters;
        shopkeepers; parents; engineers; residents; activists; economists; fishermen;
        librarians; mayors; retirees; students; drivers; neighbors; judges; investors;
        regulators; volunteers; union leaders; landlords; historians; planners; visitors;
        veterans; newcomers; locals; experts; young people; islanders; designers; insurers;
        voters; ministers""",
    "town": """a river town; a mountain village; a fishing port; an old mill town; a quiet
        suburb; the capital; a border city; a small island; a desert outpost; a college town; a
        factory district; a market town; a railway junction; a sleepy harbor; a hill town; a
        farming valley; a growing suburb; a mining town; a company town; a seaside resort; one
        city block""",
    "time": """after years of waiting; before a crucial vote; as deadlines loom; a decade
        later; once again; in record time; despite the doubts; with little warning; for the
        first time in years; as costs climb; one block at a time; with mixed results; behind
        closed doors; amid questions; at the last minute; in spite of everything; as patience
        wears thin; without much fuss; as rivals watch; against the odds; after a long silence;
        with new rules in place; as money runs short""",
    "adj": """quiet; costly; stubborn; fragile; curious; bitter; slow; risky; sudden; delicate;
        long; strange; messy; serious; hidden; private; painful; hopeful; surprising; familiar;
        difficult; modest; rare; daring; remarkable; gentle; noisy; brief; tangled; second""",
    "dispute": """fight; debate; dispute; quarrel; standoff; showdown; feud; battle;
        disagreement; lawsuit; power struggle; tug of war; war of words; truce; deal;
        compromise; lobbying fight""",
    "turn": """comeback; gamble; turnaround; experiment; lesson; reckoning; detour; setback;
        triumph; test; rescue; retreat; renewal; reversal; second act; breakthrough; challenge;
        moment; shift; puzzle""",
    "verb": """embrace; question; defend; rethink; welcome; rally behind; argue over; turn to;
        bet on; count on; pin hopes on; look again at; disagree on; make peace with; change
        course on; go all in on; split over; lose patience with; warm to; discover; champion;
        find common ground on; spar over; fall for; stand by; give up on; learn to love; take a
        chance on""",
    "fix": """push back on; warn about; brace for; sound the alarm on; demand answers on; try
        to fix; seek a compromise on; promise action on; take a stand on; learn to live with;
        call for action on; march over; fear cuts to; win a round on; weigh limits on; press
        officials on; draw a line on; testify about""",
    "act": """study; praise; criticize; investigate; celebrate; debate; worry about; argue
        about; promote; challenge; reconsider; revisit; resist; compare notes on; complain
        about; plan for; raise money for""",
    "n": "3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 14; 15; 20; 25; 30; 36; 40; 50",
    "nth": "second; third; fourth; fifth; sixth; ninth; 12th",
    "few": "two; three; four; five; six; seven; a dozen",
    "quote": """we will manage; this is our home; nobody asked us; it never gets old; enough is
        enough; I had to laugh; it felt like a dream; we can do better; nothing lasts; it was
        worth the wait; who pays for this; we were lucky; it’s not about the money; give it
        time; I’d do it again; there is no plan B; it’s complicated; you get used to it""",
    "month": """early spring; next year; the holidays; midsummer; the weekend; next month; the
        next session; the fall""",
    "first": """Adela; Benno; Carys; Dmitar; Elspeth; Farid; Greta; Hamish; Ilse; Jomo; Katya;
        Leif; Maren; Nadim; Orla; Paloma; Quentin; Rukmini; Stellan; Tamsin; Ulric; Vesna;
        Wilhelmina; Xiomara; Yusra; Zeno; Anouk; Bastien; Celeste; Dov; Esme; Ngozi; Ruben;
        Søren; Thandi""",
    "last": """Abbermarle; Bexcombe; Corrindale; Dovrenko; Ellingvale; Farnoway; Gundrasen;
        Haverlock; Ivestrand; Jessamore; Kolbrinsky; Larkhaven; Mbelanga; Norrecote;
        Ondrasek-Vale; Pennyfarrow; Quillfeather; Rathbourne-Iyer; Silverlund; Tremontaine;
        Uldricson; Valdemoro; Wintersgale; Xandrides; Yellowlees-Okoro; Zimmerlund;
        Ashgrove-Sato; Birchenall; Cloverdyne; Duskfield""",
    "role": """painter of small rooms; union leader who never raised her voice; architect of
        playgrounds; jazz drummer; judge with a sense of humor; inventor of a better zipper;
        goalkeeper of the golden team; novelist of island life; botanist and radio host;
        pioneering surgeon; cabaret singer; editor and gossip; lighthouse engineer; economist
        who doubted everything; puppeteer; champion skier; bookseller to generations; star of
        silent comedies; mapmaker; minister who opened the archives; chef who championed
        turnips""",
    "team": "Sparrows; Lancers; Millers; Rockets; Comets; Herons; Anchors; Wolves",
    "rival": "Kestrels; Pilots; Harriers; Titans; Blue Stars; Gardeners; Magpies; Bears",
    "score": "2-1; 3-0; 4-3; 1-0; 5-2; 3-2; 6-4; 21-17; 2-0; 88-85; 7-6",
    "dish": """lemon lentils; skillet dumplings; roasted carrots; tomato toast; mushroom pie;
        noodle soup; ginger cake; crispy potatoes; bean stew; crème brûlée; green curry; apple
        fritters; a better omelet; braised leeks; sheet-pan salmon; rice pudding; jalapeño
        cornbread""",
    "title": """The Clay Piano; Small Hours; A Field Guide to Regret; The Second Tuesday; Hotel
        Paradox; Marzipan; Northbound; What the River Kept; The Trouble With Cousins; Overcoat;
        Seventeen Doors; Little Republic; The Tailor’s Apprentice; Good Neighbors; Vertigo Lane""",
    "word": """reticent; cajole; ephemeral; lucid; ersatz; gossamer; taciturn; verdant;
        laconic; ornate; maverick; pithy; wanderlust; candor; brisk; nebulous; zealous;
        quixotic; balmy; tenacious""",
    "creature": """moths; snails; eels; herons; crickets; foxes; bats; beetles; octopuses;
        whales; spiders; salmon; owls; hares; sea turtles; earthworms; storks; jellyfish""",
    "habit": "breathe; listen; sit; stretch; walk; rest; stand; apologize; focus; remember; say no",
    "item": """a sweater; a mattress; a kitchen knife; a used bicycle; an umbrella; a desk
        lamp; a camping tent; a rain jacket; a set of sheets; a good suitcase; a record player;
        a lunchbox""",
}

GENERAL: Final[str] = """{group} {verb} {S} | {group} {verb} {S} {time} | Why {group} {act} {S}
    | How {S} Changed {town} | In {town}, {group} {verb} {S} | What to Know About {S} | The
    Hidden Cost of {S} | {S} {is} Changing. {group} Are Divided. | {n} Questions About {S},
    Answered | ‘{quote}’: {group} on {S} | The {adj} Truth About {S} | What {group} Get Wrong
    About {S} | Can {S} Save {town}? | {S} {has} Never Mattered More to {group} | For {group},
    {S} {is} Personal | The Year {S} Came to {town} | {group} Can’t Agree on {S} | She Gave {n}
    Years to {S}. Now She Has Regrets. | He Never Cared About {S}. Then Came the Letter. | A
    {adj} {turn} for {S} | {S} {has} Divided {town} {time} | After {n} Years, {group} Revisit
    {S} | In Praise of {S} | How to Talk to Your Family About {S} | When {S} Came to {town} |
    Inside the {adj} World of {S} | {S} Draw{z} a Crowd in {town} | The Case for {S} | Study of
    {S} Surprises {group} | {group} Ask: What Comes After {S}? | A {n}-Year-Old Idea About {S}
    Gets a New Look | {S} May Look Different by {month} | {S} in {n} Charts | Readers Share
    Their Thoughts on {S} | {G} Tries a {adj} Experiment With {S} | In {G}, {S} Split{z}
    Neighbors | {group} in {G} {verb} {S} | How {G} Learned to Love {S} | {S} Bring{z} Hope,
    and Headaches, to {G} | Letter From {G}: A {adj} Season for {S} | {G} and Its {adj} History
    With {S} | As {S} Reach{es} {G}, {group} Worry | {P} on {S} and the Art of Patience | {P}
    Speaks Up About {S} | {L}’s {adj} Bet on {S} | {P} Changes Course on {S} {time} | What {P}
    Learned From {S} | {P} Returns to {G} {time} | {P}, in {G}, Promises a Fresh Start | {O}
    Reverses Itself on {S} | {O} Is Betting on {S}. {group} Aren’t Sure. | {O} Names {P} to a
    Top Post | {P} Breaks With {O} {time} | {O} to Open an Office in {G} | {O} Leaves {G}, and
    {group} Wonder Why | {group} Sue {O} {time} | {O} Opens Its Doors to {group} | {O}
    Apologizes to {group} | Inside {O}, a {adj} {turn} | At {O}, a {adj} {dispute} Over Who
    Decides | {O} Plans a {adj} {turn} {time} | {O} Cuts {n} Jobs {time} | A {adj} Week for {O}
    | Who Runs {O}? {group} Would Like to Know. | {O} Says It Will Cooperate With {group} | Can
    Anyone Fix {O}? | The {adj} Legacy of {P} | {P} Won’t Back Down | {P}, in {few} Acts | {L}
    Looks for a {adj} {turn} | {P} Has a Message for {group} | {P} Isn’t Finished Yet | The
    Many Lives of {P} | ‘{quote}’: A Day With {P} | {P} Makes a {adj} {turn} {time} | {n}
    Minutes With {P} | What {P} Wants | {P} Steps Aside {time} | Why {group} Still Listen to
    {P} | 48 Hours in {G} | In {G}, {group} Wait for Answers | Storm Cuts Power to Thousands in
    {G} | {G} Opens Its Doors to {group} | The Other Side of {G} | {G} Finds a {adj} Way
    Forward {time} | Why {group} Are Leaving {G} | Why {group} Keep Coming Back to {G} | A
    {adj} {turn} in {G} | {few} People Rescued Off the Road Near {G} | {G} Elects Its First
    Woman Mayor | Letter From {G}: ‘{quote}’ | In {G}, an Old Market Gets a {adj} {turn} | A
    Night Train to {G} | {group} Gather in {G} {time} | The Last Cinema in {G} | {G}, Through
    the Eyes of {group}"""

CIVIC: Final[str] = """Panel Urges Changes to {S} | New Rules on {S} Take Effect {time} | {few}
    Ideas for Fixing {S} | {group} {fix} {S} | {group} {fix} {S} {time} | Why {group} {fix} {S}
    | {group} in {G} {fix} {S} | In {G}, {group} {fix} {S} | Report Finds Gaps in {S} | Is It
    Time to Rethink {S}? | {S} Face{z} a {adj} Test | Who Really Benefits From {S}? | {group}
    Sue {O} Over {S} | {O} Pledges Millions for {S} | {L} and {group} Clash Over {S} | {G}
    Delays Its Decision on {S} {time} | {S} Split{z} Voters in {G} | A {adj} {dispute} Over {S}
    | In {G}, a {adj} {dispute} Over {S} | The Case Against {S} | Don’t Blame {S} for
    Everything | Hearings on {S} Begin {time} | What {group} Want From New Limits on {S} | {O}
    Faces Questions About {S} {time}"""
"""Templates for matters of policy, in the themes of CIVIC_THEMES."""

CIVIC_THEMES: Final = ("politics", "world", "business", "health", "city")

THEMED: Final[dict[str, str]] = {
    "politics": """{P} Wins a {adj} Vote on {S} | {P} Calls for New Rules on {S} | Lawmakers
        Delay Vote on {S} {time} | Senate Panel Weighs {S} | House Approves Bill on {S}, {n}
        Votes to Spare | {S} Could Decide a Close Race | Court Blocks Plan for {S} | {L} Leads
        Rivals in Latest Survey | {P} Opens Campaign With a {adj} Speech | {P} Vetoes Bill, and
        {group} Cheer | {P}’s Aides Describe a {adj} Week | {L} Courts {group} in a Close Race
        | {P} Survives a {adj} Challenge | {O} Picks {P} as Its Candidate | {O} Loses a Seat
        {time} | {L} Takes the Campaign to {G}""",
    "world": """Talks on {S} Stall {time} | {P} Meets Rivals for Talks on {S} | Envoys Reach a
        {adj} Deal on {S} | Ministers Sign a Pact on {S} in {G} | {P} Flies to {G} for Talks |
        {P} Urges Calm {time} | {O} Calls for a Cease-Fire {time} | In {G}, Soldiers Go Home
        {time} | {P}, Long in Exile, Returns Home | {O} Sends Observers to {G}""",
    "business": """{S} Rattle{z} Investors {time} | Markets Slip as {S} Worr{ies} {group} | {O}
        Reports Record Profit From {S} | Shares of {O} Slump {time} | {O} to Buy a Smaller
        Rival for ${n} Million | {P}, Chief of {O}, Will Step Down | {P} Built a Fortune on {S}
        | Where {S} Go{es} From Here | {S} Cloud{z} the Outlook for a {nth} Month | {O} Recalls
        {n}00 Products {time} | {P} Bets on a {adj} {turn}""",
    "science": """Scientists Map the Future of {S} | A {adj} Clue to the Mystery of {S} | {S}
        and the Warming Coast | Field Notes: What {S} Can Teach Us | {n} Years of Data Show How
        {S} Change{z} | {P} Has Spent a Lifetime Studying {S} | Engineers Test a {adj} Idea for
        {S} | {O} Maps {S} From Orbit | {O} Releases a {adj} Forecast | {P} and the {adj}
        Search for Answers | Off {G}, {S} Draw{z} Scientists""",
    "health": """A Doctor’s View of {S} | {S}: What the Evidence Says | Doctors Change Their
        Advice on {S} | {n} Myths About {S} | A {adj} Study Offers Hope on {S} | How Much Do
        You Know About {S}? | Ask a Doctor: What About {S}? | Clinics in {G} Struggle With {S}
        | {P} Wants Doctors to Listen More | {O} Widens Its Trial {time}""",
    "arts": """{W} Review: A {adj} {turn} | {W} and the Return of {S} | Review: In {W}, a {adj}
        Family Comes Apart | {W} Is a Hit. {group} Can’t Explain Why. | How {W} Was Made {time}
        | {n} Things to Know Before You See {W} | The {adj} Ending of {W}, Explained | {P}
        Brings {W} Home | {W} Divides Critics {time} | For {P}, {W} Is a {adj} {turn} | The
        Music of {W} | What to Read After {W} | Why {group} Love {W} | {P} Finds a {adj} New
        Voice | Review: {P} Returns, With Feeling | {P} Paints What {group} Overlook | A
        Festival of {S} Fills {town} | The {adj} Beauty of {S} | {O} Announces a {adj} Season |
        {S}, Seen From the Cheap Seats""",
    "sports": """{P} Powers Through in a {adj} Final | {P} Wins Again, {score}, and Shrugs |
        {L} Out {n} Weeks With a Knee Injury | {P} Chases a {adj} Record | {O} Falls to the
        {rival}, {score} | {O} Beats the {rival}, {score}, {time} | {O} Signs {P} for {few}
        Seasons | In {S}, a {adj} Season Ends Early | {S} Look{z} for a Younger Crowd | A
        Teenager Shakes Up {S} | The {adj} Economics of {S} | In {G}, Fans Wait All Night""",
    "city": """City Council Votes on {S} {time} | Mayor Defends Plan for {S} | {S} on Trial in
        {G} | A {adj} Plan for {S} Stalls at City Hall | On the Night Shift With {S} | The
        Block That Fought Over {S} | Hearing on {S} Runs Past Midnight | {P} Sues the City Over
        {S} | {O} Promises Better Service by {month} | {O} Closes a Line for Repairs | {P}, a
        Neighborhood Fixture, Runs for Council | Morning Bell: A {adj} Day for {S}""",
    "living": """A Beginner’s Guide to {S} | First Person: {S} and the {n}-Minute Rule | The
        {adj} Joy of {S} | {S}, but Make It Simple | {P}’s Rules for {S} | How {P} Spends
        Sundays | My {adj} Year of {S} | {S} for People Who Hate {them} | Family Table: {S} and
        Other Family Fights | {O} Finds a {adj} Second Life""",
}

BARE: Final[dict[str, str]] = {
    "politics": """The Week in Politics: A {adj} {turn} | Inside a {adj} {dispute} on the
        Senate Floor | A Candidate Drops Out {time} | Lawmakers Go Home {time} | Who’s Up,
        Who’s Down in a {adj} Race""",
    "world": """{few} Detained at a Checkpoint {time} | A {adj} Truce Holds {time} | Your
        {weekday} World Briefing | In a Faraway Port, {group} Wait | A Ferryman, a Smuggler and
        a {adj} {dispute}""",
    "business": """DealSheet: A {adj} {turn} | The Boss Who Wouldn’t Hire {group} | Stocks End
        the Day Little Changed | Should You Lend Money to {group}? | Office Hours: My Boss and
        a {adj} {dispute}""",
    "science": """A {adj} Fish With a Taste for Light | Why {creature} Travel in Pairs | What
        {creature} Know About {town} | {few} New Moons, and a {adj} Puzzle | How {creature}
        Find Their Way Home | Scientists Count {creature} {time} | The {adj} Physics of Soap
        Bubbles""",
    "health": """My Back Hurts. Should I See {group}? | {n} Minutes to a Calmer Morning | How
        to {habit} Better | A {adj} Diagnosis, Caught in Time | The Doctor Who Visits {group}
        at Home""",
    "arts": """‘{title}’ Review: A {adj} {turn} | Review: ‘{title}’ Is a {adj} Delight |
        ‘{title}’ Is the Story of {group} in Love | {n} Shows to See {time} | What’s on TV This
        Week: ‘{title}’ and More | Where to Stream ‘{title}’""",
    "sports": """{team} {score} {rival}: A {adj} Finish | {team} Beat {rival}, {score} | {team}
        Hold Off {rival} {time} | {rival} Stun {team} With a {adj} Rally | {team} Part Ways
        With a Coach | Scoreboard: {team} {score} {rival}""",
    "city": """City Diary: ‘{quote}’ | A {adj} Morning on the No. {n} Bus | House Hunting in
        {town} | Who Took the Statue in {town}? | Car Crash Closes a Road for {n} Hours""",
    "living": """{dish}, in {n} Minutes | The Secret to {dish} | {n} Recipes, Starting With
        {dish} | How to Buy {item} | The Best Way to Clean {item} | Manners: May I Keep {item}?
        | Love in Brief: ‘{quote}’""",
}

GENERIC: Final[str] = """Corrections: {date} | Corrections: {date} | Corrections: {date} |
    Quotation of the Day: {quote} | Quotation of the Day: {quote} | {weekday} Briefing |
    {weekday} Briefing | Evening Briefing: {n} Stories to Read | Word of the Day: {word} | Word
    of the Day: {word} | Word Wheel Forum | The Crossword: A {adj} {turn} | Lottery Numbers:
    {date} | Letters to the Editor | What We’re Reading: {n} Books for {month} | On the Record:
    ‘{quote}’ | The News Quiz: {date} | Photos of the Week | Puzzle No. {n}: Solution"""
"""The furniture of the paper, whatever an article is about."""

NOTICES: Final[str] = """{first} {last}, {role}, Dies at {age} | {first} {last}, {role}, Is
    Dead at {age} | {first} {last} and {first} {last}: A {adj} Wedding | Paid Notice: Deaths |
    {first} {last}, {age}, {role}, Is Dead"""

ABSTRACTS: Final[str] = """{Group} say {s} could look very different by {month}, {time}. | A
    new report on {s} has left {group} with more questions than answers. | The plan for {s}
    passed by a handful of votes {time}. | {Group} and {group} rarely agree, but {s} brought
    them to the same table. | What began as a {adj} idea about {s} is now the talk of {town}. |
    In {town}, people who once ignored {s} have begun to {act} the details. | Officials
    promised a review of {s} {time}. It took {n} months. | A {adj} {dispute} over {s} may end
    up in court. | Our reporter spent {n} days with {group} to learn what {s} could mean to
    them. | Here is what {group} want you to know about {s}. | The numbers on {s} tell one
    story. {Group} tell another. | It started with {s}. It ended, {time}, with a {adj} {turn}."""

NAME_ABSTRACTS: Final[str] = """{Group} have strong opinions about {s}, and they are not alone.
    | The story of {s} begins, {time}, in {town}. | What {group} say about {s} depends on whom you
    ask. | For {n} years, {s} kept out of the news. No longer. | A closer look at {s}, and at a
    {adj} {dispute} that will not go away. | “{Quote}.” {Group} describe their dealings with {s}.
    | A {adj} {turn} for {s}, as seen from {town}."""
"""For articles about a person, an organisation, a place or a work."""

BARE_ABSTRACTS: Final[str] = """A {adj} look at {town} {time}. | {Group} gathered in {town}
    {time}. | The story of {group}, {few} letters and a {adj} {turn}. | {Group} tell us what
    they would do differently. | A {adj} {dispute} in {town} has lasted {n} years. | “{Quote},”
    said one of the {group} who took part."""

LEADS: Final[str] = """On a {adj} morning in {town}, {few} {group} met to talk about {s}.
    Nobody left early. “{Quote},” said {first} {last}, who has followed the subject for {n}
    years. | For {n} years, {first} {last} has kept a notebook about {s}. The last page, filled
    {time}, holds a single line: “{Quote}.” | The meeting on {s} was supposed to take {n}
    minutes. It went on for hours, {time}, and by the end {group} were ready to {verb} almost
    anything. | When {first} {last} moved to {town}, {s} hardly came up. Now {group} talk of
    little else, and some of them have begun to {verb} the people in charge. | “{Quote},”
    {first} {last} said, looking over a stack of papers about {s}. Around the table, {group}
    nodded {time}. | There are {few} things that {group} in {town} agree on. One of them is
    {s}; the others, they say, can wait until {month}."""

KICKERS: Final[tuple[str, ...]] = (
    "Critic’s Notebook",
    "Guest Essay",
    "City Notes",
    "The Sample Interview",
    "News Analysis",
    "Books of the Week",
)
