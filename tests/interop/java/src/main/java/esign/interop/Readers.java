package esign.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Reads requests from standard input, one JSON object a line, and answers each with one line, in the order of completion:
 *
 * <pre>
 * {"reader": "dss", "file": "letter.pdf", "material": "folder"}      see {@link Signatures}
 * {"reader": "verapdf", "file": "letter.pdf", "flavour": "2b"}       see {@link PdfA}
 * </pre>
 *
 * Every answer repeats reader and file; one that a reader threw at has an {@code exception}. Ends with the input.
 */
public final class Readers {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Readers() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what libraries print must not get between the answers
        PdfA.start();
        ExecutorService workers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode request = JSON.readTree(line);
            workers.execute(() -> {
                String answer = answer(request);
                synchronized (out) {
                    out.println(answer);
                }
            });
        }
        workers.shutdown();
        workers.awaitTermination(1, TimeUnit.HOURS);
    }

    private static String answer(JsonNode request) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("reader", request.path("reader").asText());
        answer.put("file", request.path("file").asText());
        Path file = Path.of(request.path("file").asText());
        try {
            switch (request.path("reader").asText()) {
                case "dss" -> answer.putAll(Signatures.read(file, Path.of(request.path("material").asText())));
                case "verapdf" -> answer.putAll(PdfA.read(file, request.path("flavour").asText()));
                default -> throw new IllegalArgumentException("no such reader");
            }
        } catch (Throwable thrown) { // whatever it is belongs to this file's answer
            answer.put("exception", thrown.toString());
        }
        try {
            return JSON.writeValueAsString(answer);
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
