//! What other libraries call things: whoever writes their words is told ours.

/// Words for the same argument. A layer has at most one of each line.
const ARGUMENTS: &[&[&str]] = &[
    &["dim", "axis", "axes", "dims"],
    &["dim0", "axis0", "axis1"],
    &["dim1", "axis2"],
    &["start_dim", "start_axis"],
    &["end_dim", "end_axis"],
    &["start", "begin", "from"],
    &["end", "stop", "to"],
    &["heads", "num_heads", "n_heads", "nhead", "n_head", "num_attention_heads"],
    &["out_features", "out", "out_size", "output_size", "out_dim", "output_dim", "out_channels", "units"],
    &["out_features", "features", "dim", "hidden_size", "size"],
    &["in_features", "in", "in_size", "input_size", "in_dim", "input_dim", "in_channels"],
    &["embed_dim", "d_model", "dim", "hidden_size", "features", "kdim", "vdim", "embedding_dim"],
    &["embedding_dim", "embed_dim", "d_model", "dim", "hidden_size", "features"],
    &["num_embeddings", "vocab", "vocab_size", "n_vocab", "num_classes"],
    &["num_positions", "num_embeddings", "max_len", "max_length", "seq_len", "block_size", "n_positions"],
    &["normalized_shape", "shape", "dim", "size", "features", "num_features", "hidden_size"],
    &["elementwise_affine", "affine"],
    &["eps", "epsilon"],
    &["p", "rate", "prob", "probability", "dropout", "drop", "drop_rate"],
    &["bias", "use_bias"],
    &["init", "weight_init", "kernel_init", "initializer"],
    &["label_smoothing", "smoothing"],
    &["ignore_index", "ignore"],
    &["chunks", "num_chunks", "n_chunks", "num_output_chunks"],
];

/// The word among `known` that means what `found` means elsewhere.
pub(super) fn argument<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let alike = ARGUMENTS.iter().filter(|words| words.contains(&found));
    alike.into_iter().find_map(|words| known.iter().copied().find(|own| words.first() == Some(own)))
}

/// Why there is no argument `found` here, if nothing takes its place.
pub(super) fn needless(found: &str) -> Option<&'static str> {
    Some(match found {
        "inplace" => "where each value stands is decided while compiling",
        "device" => "the device is that of the model",
        "dtype" => "the types are those of the device",
        "batch_first" => "the batch is always the first axis, and is not written",
        "reduction" => "it is always the mean over the batch",
        "activation" => "an activation is a layer of its own, behind this one",
        "dropout" => "`Dropout` is a layer of its own",
        "requires_grad" => "what is not trained is marked `#[frozen]`",
        "is_causal" | "causal" => "`CausalAttention` is causal and `Attention` is not",
        _ => return None,
    })
}

/// What to write for a layer `found` of another library.
pub(crate) fn layer(found: &str) -> Option<&'static str> {
    let own = match found {
        "Dense" | "FullyConnected" | "FC" | "LazyLinear" => "`Linear`",
        "MSELoss" | "MeanSquaredError" | "MSE" | "L2Loss" | "mse_loss" => "`Mse`",
        "CrossEntropyLoss" | "NLLLoss" | "SoftmaxCrossEntropy" | "cross_entropy" => "`CrossEntropy`",
        "LinearCrossEntropy"
        | "LinearCrossEntropyLoss"
        | "FusedLinearCrossEntropy"
        | "linear_cross_entropy" => "a `Linear`, and `CrossEntropy(chunks = n)` of it",
        "MultiheadAttention" | "MultiHeadAttention" | "SelfAttention" => "`Attention` or `CausalAttention`",
        "ScaledDotProductAttention" | "scaled_dot_product_attention" => "`Attention` or `CausalAttention`",
        "Swish" | "SiLU" => "`Silu`",
        "ReLU" => "`Relu`",
        "GELU" | "GeLU" => "`Gelu`",
        "Cat" | "Concatenate" | "cat" => "`Concat`",
        "Permute" | "SwapAxes" => "`Transpose`",
        "View" | "Unflatten" | "Unsqueeze" | "Squeeze" => "`Reshape`",
        "AvgPool" | "AvgPool1d" | "AdaptiveAvgPool1d" | "GlobalAveragePooling1D" => "`Mean`",
        "Multiply" => "`Mul`",
        "Subtract" => "`Sub`",
        "PositionalEncoding" | "PositionalEmbedding" => "`PositionEmbedding`",
        "Sequential" => "a scope, whose layers each read the one before: `{ … }`",
        "ModuleList" | "ModuleDict" => "a scope: `repeat(n) { … }`",
        "Residual" | "ResidualBlock" | "SkipConnection" => "a scope: `residual { … }`",
        _ => return None,
    };
    Some(own)
}

/// Whether other libraries have a layer `found` that is none here, however near a name may be.
pub(crate) fn missing(found: &str) -> bool {
    const MISSING: [&str; 15] = [
        "LeakyReLU",
        "LeakyRelu",
        "PReLU",
        "ELU",
        "SELU",
        "Softplus",
        "BatchNorm",
        "GroupNorm",
        "InstanceNorm",
        "RMSNorm",
        "L1Loss",
        "SmoothL1Loss",
        "BCELoss",
        "LSTM",
        "GRU",
    ];
    let plain = found.trim_end_matches(['1', '2', '3', 'd', 'D']);
    MISSING.contains(&found) || MISSING.contains(&plain) || plain.starts_with("Conv") && plain != found
}

#[cfg(test)]
mod tests {
    use super::{argument, layer, missing};

    #[test]
    fn a_word_of_another_library_is_known_by_what_the_layer_takes() {
        assert_eq!(argument("axis", &["dim"]), Some("dim"));
        assert_eq!(argument("dim", &["embedding_dim", "num_embeddings"]), Some("embedding_dim"));
        assert_eq!(argument("dim", &["out_features", "bias"]), Some("out_features"));
        assert_eq!(argument("num_heads", &["p"]), None);
    }

    #[test]
    fn a_fused_classifier_of_another_library_is_two_layers() {
        assert_eq!(argument("num_output_chunks", &["ignore_index", "chunks"]), Some("chunks"));
        let own = layer("LinearCrossEntropyLoss");
        assert!(own.is_some_and(|own| own.contains("`CrossEntropy(chunks = n)`")), "{own:?}");
    }

    #[test]
    fn what_is_missing_has_no_other_name() {
        for name in ["Conv2d", "BatchNorm1d", "LeakyReLU", "L1Loss"] {
            assert!(missing(name) && layer(name).is_none(), "{name}");
        }
        assert!(["Concat", "Linear", "Conv"].iter().all(|name| !missing(name)));
    }
}
