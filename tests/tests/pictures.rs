//! Pictures of plans: well-formed, true to the plan, and the one of the README is up to date.

use remat::prelude::*;

model! {
    /// The example of the README.
    pub Net {
        const CLASSES = 10;

        input  x: f32[64];
        target label: u32;

        #[checkpoint(every = 2)]
        hidden: repeat(8) { fc: Linear(64); Relu; }
        head: Linear(CLASSES);
        loss: CrossEntropy <- (head, label);
    }
}

model! {
    /// Segments in segments, chosen by the planner.
    #[checkpoint(fraction = 0.4)]
    Planned {
        input  x: f32[64];
        target y: f32[64];
        hidden: repeat(40) { fc: Linear(64); Gelu; }
        loss: Mse <- (hidden, y);
    }
}

model! {
    /// Names that are long, and a mark that saves nothing.
    ANetworkWhoseNameIsLongerThanThatOfOthers {
        input  x: f32[64];
        target y: f32[64];
        first: Linear(64);
        a_scope_of_a_long_name: {
            another_scope_of_a_long_name: {
                a_layer_whose_name_is_long_too: Linear(64);
                #[recompute]
                a_mark_that_saves_nothing: Dropout(0.1);
            }
        }
        sum: Add <- (a_scope_of_a_long_name, first);
        loss: Mse <- (sum, y);
    }
}

use self::classifier::ClassifierOfImages1 as Classifier;

mod classifier {
    use remat::prelude::*;

    model! {
        /// A name of 19 letters, and numbers of as many digits as there are.
        #[checkpoint(fraction = 0.4)]
        pub(super) ClassifierOfImages1 {
            input x: f32[512];
            target y: f32[512];
            h: repeat(8) { fc: Linear(512); Gelu; }
            loss: Mse <- (h, y);
        }
    }
}

/// The heights in the outline of an area: where its vertical lines end.
fn heights(path: &str) -> Vec<f64> {
    let parts = path.split('V').skip(1);
    let number = |part: &str| part.split(['H', 'Z']).next().and_then(|text| text.parse().ok());
    parts.map(|part| number(part).expect("a number behind each V")).collect()
}

fn check(plan: Plan, batch: usize) {
    let svg = plan.to_svg(batch);
    let picture = roxmltree::Document::parse(&svg).expect("an XML document");
    let of_class = |class: &'static str| {
        picture.descendants().filter(move |node| node.attribute("class") == Some(class)).collect::<Vec<_>>()
    };
    // Of all areas the highest point is the peak, as high over the bottom as the axis says.
    let bottom =
        heights(of_class("fixed")[0].attribute("d").expect("an outline")).into_iter().fold(0.0, f64::max);
    let top = ["fixed", "inputs", "kept", "passing", "again", "grads", "scratch"]
        .into_iter()
        .flat_map(of_class)
        .filter_map(|area| area.attribute("d"))
        .flat_map(heights)
        .fold(f64::MAX, f64::min);
    let all = of_class("all")[0].attribute("d").map(heights).expect("an outline");
    let all = bottom - all.into_iter().fold(f64::MAX, f64::min);
    let expected = plan.peak_bytes(batch) as f64 / plan.store_all_peak_bytes(batch) as f64;
    assert!(
        ((bottom - top) / all - expected).abs() < 0.01,
        "{}: {} for {expected}",
        plan.name,
        (bottom - top) / all
    );
    let texts: Vec<&str> = picture.descendants().filter_map(|node| node.text()).collect();
    assert!(texts.iter().any(|text| text.starts_with("peak: ")), "{}", plan.name);
    assert!(texts.contains(&plan.table(batch).to_string().lines().next().expect("a line")), "{}", plan.name);
    for class in ["bar", "redo"] {
        assert_eq!(of_class(class).len(), plan.segments().len(), "{}", plan.name);
    }
}

#[test]
fn pictures_are_documents_that_say_what_the_plan_says() {
    for batch in [1, 32] {
        check(Net::PLAN, batch);
        check(Planned::PLAN, batch);
        check(<Net<Cpu<f64>> as Model>::PLAN, batch);
    }
}

#[test]
fn tables_fit_into_100_columns() {
    for plan in [Net::PLAN, Planned::PLAN, ANetworkWhoseNameIsLongerThanThatOfOthers::PLAN, Classifier::PLAN]
    {
        for batch in [1, 32, 1000, 100_000] {
            let table = plan.table(batch).to_string();
            assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
        }
    }
    // The name gives way to the numbers, and is cut no more than they need.
    assert!(Classifier::PLAN.summary().starts_with("ClassifierOfImages1: "));
    assert!(Classifier::PLAN.table(100_000).to_string().starts_with("Classi"));
}

/// `REMAT_UPDATE=1 cargo test -p remat-tests --test pictures` writes it anew.
#[test]
fn the_picture_of_the_readme_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/plan.svg");
    let now = Net::PLAN.to_svg(32);
    if std::env::var_os("REMAT_UPDATE").is_some() {
        std::fs::write(file, &now).expect("a file");
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(committed == now, "runtime/plan.svg is not what the plan is drawn as: see this test's comment");
}
