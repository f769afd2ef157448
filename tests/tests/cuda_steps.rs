//! What a training step asks of the driver, which the fake one counts: one test at a time, since it counts for all.

use std::sync::{Arc, Mutex};

use cudarc::driver::CudaContext;
use cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use remat::cuda::Elem;
use remat::device::{Device, Repeat, Report, Span, Work};
use remat::model::Model;
use remat::ndarray::Array2;
use remat::prelude::*;
use remat_tests::devices::{Counts, gpu};
use remat_tests::trace::ids;

remat_tests::gpt!(Waiting: model [] blocks [#[checkpoint(store = host)]] attn [] mlp [] act []);
remat_tests::gpt!(Gpt: model [] blocks [#[checkpoint]] attn [] mlp [] act []);

/// Held by a test while it counts.
static COUNTING: Mutex<()> = Mutex::new(());

#[test]
fn a_step_that_comes_again_is_a_graph_that_allocates_nothing_and_all_memory_is_listed() {
    let _alone = COUNTING.lock();
    let Some(gpu) = gpu() else { return };
    steps(&gpu);
    steps(&gpu.bf16());
}

fn steps<E: Elem>(gpu: &Cuda<E>) {
    let plan = <Gpt<Cuda<E>> as Model>::PLAN;
    let Some(none) = Counts::now() else { return eprintln!("SKIPPED: this driver does not count") };
    let since = |then: Counts| Counts::now().expect("it has counted before").since(&then);
    let batch = |samples, which| -> Array2<u32> { ids(samples, 10, 17, which) };
    let (x, y) = (batch(4, 1), batch(4, 2));

    // What there is of each is what is said.
    let taken = || (Counts::now().expect("counts").bytes - none.bytes) as usize;
    let mut net = Gpt::new(gpu, 5).expect("a model");
    assert_eq!(taken(), plan.parameter_bytes);
    let mut ws = net.workspace(4).expect("a workspace");
    assert_eq!(taken(), plan.parameter_bytes + plan.peak_bytes(4));
    let before = taken();
    let mut opt = AdamW::new(&net, AdamWConfig::default()).expect("an optimizer");
    let moments = taken() - before;
    assert!(moments >= 2 * 4 * net.params().count() && moments <= opt.bytes(), "{moments} {}", opt.bytes());
    let all = taken();

    // Each program runs as it is, is captured, and from then on is one launch.
    for (captures, graphs) in [(0, 0), (1, 1), (0, 1), (0, 1)] {
        let then = Counts::now().expect("counts");
        net.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
        let asked = since(then);
        assert_eq!((asked.captures, asked.graphs), (captures, graphs), "{asked:?}");
        assert_eq!((asked.kernels == 0, asked.allocations, asked.waits), (graphs == 1, 0, 1), "{asked:?}");
        // What follows is a few launches for all parameters, and waits for the norm alone.
        let then = Counts::now().expect("counts");
        ws.grads_mut().clip_norm(1.0).expect("clipping");
        assert_eq!((since(then).kernels, since(then).waits, since(then).allocations), (3, 1, 0));
        let then = Counts::now().expect("counts");
        opt.step(&mut net, ws.grads()).expect("a step of the optimizer");
        assert_eq!((since(then).kernels, since(then).waits, since(then).allocations), (1, 0, 0));
    }
    // Another batch, another program, and other parameters are other graphs; those that were there stay.
    let (few_x, few_y) = (batch(3, 3), batch(3, 4));
    let mut other = Gpt::new(gpu, 6).expect("a model");
    let then = Counts::now().expect("counts");
    for _ in 0..3 {
        net.forward_backward(&mut ws, few_x.view(), few_y.view()).expect("a step");
        net.evaluate(&mut ws, x.view(), y.view()).expect("an evaluation");
        net.forward(&mut ws, x.view()).expect("an output").to_array().expect("logits");
        other.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
        net.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
    }
    let asked = since(then);
    assert_eq!((asked.captures, asked.graphs), (4, 2 * 4 + 3), "{asked:?}");

    // More programs than are kept: those that came last are.
    let then = Counts::now().expect("counts");
    for samples in 1..=4 {
        for _ in 0..2 {
            let (x, y) = (batch(samples, 5), batch(samples, 6));
            net.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
            other.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
            net.evaluate(&mut ws, x.view(), y.view()).expect("an evaluation");
            other.evaluate(&mut ws, x.view(), y.view()).expect("an evaluation");
        }
    }
    let before = since(then);
    net.evaluate(&mut ws, x.view(), y.view()).expect("an evaluation");
    net.evaluate(&mut ws, batch(1, 5).view(), batch(1, 6).view()).expect("an evaluation");
    let asked = since(then);
    assert_eq!(asked.graphs, before.graphs + 1, "that of one sample was left: {asked:?}");

    drop(other);
    assert_eq!(taken(), all);
    drop((net, ws, opt));
    assert_eq!(taken(), 0);
}

#[test]
fn what_waits_on_the_host_is_copied_within_the_graph_and_takes_nothing_of_the_gpu() {
    let _alone = COUNTING.lock();
    let Some(gpu) = gpu() else { return };
    waits(&gpu);
    waits(&gpu.bf16());
}

fn waits<E: Elem>(gpu: &Cuda<E>) {
    let plan = <Waiting<Cuda<E>> as Model>::PLAN;
    let Some(none) = Counts::now() else { return eprintln!("SKIPPED: this driver does not count") };
    let since = |then: Counts| Counts::now().expect("it has counted before").since(&then);
    let taken = || (Counts::now().expect("counts").bytes - none.bytes) as usize;
    let (x, y): (Array2<u32>, Array2<u32>) = (ids(4, 10, 17, 1), ids(4, 10, 17, 2));
    assert!(plan.host_bytes(1) > 0 && plan.peak_bytes(1) < <Gpt<Cuda<E>> as Model>::PLAN.peak_bytes(1));

    let mut net = Waiting::new(gpu, 5).expect("a model");
    let then = Counts::now().expect("counts");
    let mut ws = net.workspace(4).expect("a workspace");
    assert_eq!(taken(), plan.parameter_bytes + plan.peak_bytes(4));
    assert_eq!((since(then).allocations, ws.host_bytes()), (2, plan.host_bytes(4)), "one each");
    for (captures, graphs) in [(0, 0), (1, 1), (0, 1), (0, 1)] {
        let then = Counts::now().expect("counts");
        net.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
        let asked = since(then);
        // The host waits for the loss, and for no copy.
        assert_eq!((asked.captures, asked.graphs), (captures, graphs), "{asked:?}");
        assert_eq!((asked.kernels == 0, asked.allocations, asked.waits), (graphs == 1, 0, 1), "{asked:?}");
    }
    drop((net, ws));
    assert_eq!(taken(), 0);
}

/// Fills a buffer with the number of the run, in the second of which all captures are ended.
struct Ended {
    buf: <Cuda as Device>::Buf,
    none: <Cuda as Device>::Buf,
    context: Arc<CudaContext>,
    runs: usize,
    given_up: usize,
}

impl Ended {
    const SPAN: Span = Span { start: 0, bytes: 4 };

    /// What is in the buffer after a run, or what was kept of one.
    fn run(&mut self, gpu: &Cuda, graphs: &mut remat::cuda::Graphs) -> Result<f32, remat::Error> {
        gpu.repeat(Some(graphs), &Repeat::default(), &mut Report::default(), self)?;
        let mut number = [0.0];
        gpu.download(&mut number, <Cuda>::view(<Cuda>::region(&self.buf, Self::SPAN)?))?;
        Ok(number[0])
    }
}

impl Work<Cuda> for Ended {
    fn params(&self) -> &<Cuda as Device>::Buf {
        &self.none
    }

    fn program(&mut self, gpu: &Cuda) -> Result<(), remat::Error> {
        self.runs += 1;
        if self.runs == 2 {
            self.context.synchronize().expect_err("a capture is under way");
        }
        let ([], [to]) = <Cuda>::split(&mut self.buf, [], [Self::SPAN])?;
        gpu.fill(<Cuda>::view_mut(to), self.runs as f32)
    }

    fn given_up(&mut self, _: &Cuda) -> Result<(), remat::Error> {
        self.given_up += 1;
        Ok(())
    }
}

/// Whoever waits for all of the GPU ends what is captured on it: then the program runs as it is, and is captured when it comes
/// again.
#[test]
fn a_program_whose_capture_is_ended_from_elsewhere_runs() -> Result<(), remat::Error> {
    let _alone = COUNTING.lock();
    let Some(gpu) = gpu() else { return Ok(()) };
    let context = CudaContext::new(0).expect("a context");
    let (buf, none, mut graphs) = (gpu.alloc(4)?, gpu.alloc(0)?, Default::default());
    let mut ended = Ended { buf, none, context, runs: 0, given_up: 0 };
    for (number, runs, given_up) in [(1.0, 1, 0), (3.0, 3, 1), (4.0, 4, 1), (4.0, 4, 1)] {
        assert_eq!(ended.run(&gpu, &mut graphs)?, number);
        assert_eq!((ended.runs, ended.given_up), (runs, given_up));
    }
    Ok(())
}

/// A library beside this one may capture a graph of its own on the same GPU: what is made, run, captured and dropped here
/// meanwhile is the end of no capture of another thread.
#[test]
fn captures_of_other_threads_go_on() -> Result<(), Box<dyn std::error::Error>> {
    let _alone = COUNTING.lock();
    let Some(gpu) = gpu() else { return Ok(()) };
    let context = CudaContext::new(0)?;
    let (stream, alike) = (context.new_stream()?, context.new_event(None)?);
    stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)?;
    let steps = || -> Result<(), remat::Error> {
        let other = Cuda::new(0)?;
        let (x, y): (Array2<u32>, Array2<u32>) = (ids(4, 10, 17, 1), ids(4, 10, 17, 2));
        let mut net = Waiting::new(&other, 5)?;
        let mut ws = net.workspace(4)?;
        let mut opt = AdamW::new(&net, AdamWConfig::default())?;
        for _ in 0..3 {
            net.forward_backward(&mut ws, x.view(), y.view())?;
            opt.step(&mut net, ws.grads())?;
        }
        net.params().get("head.weight").map(|_| ())
    };
    std::thread::scope(|scope| scope.spawn(steps).join()).expect("a thread")?;
    alike.record(&stream)?;
    let graph =
        stream.end_capture(CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)?;
    drop((graph, gpu));
    Ok(())
}
