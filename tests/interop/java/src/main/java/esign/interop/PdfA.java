package esign.interop;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Whether a PDF keeps a PDF/A flavour such as {@code 2b}, as veraPDF has it, and the rules that it breaks. */
final class PdfA {
    private PdfA() {}

    static void start() {
        VeraGreenfieldFoundryProvider.initialise();
    }

    static Map<String, Object> read(Path file, String flavour) throws Exception {
        PDFAFlavour asked = PDFAFlavour.byFlavourId(flavour);
        try (InputStream in = Files.newInputStream(file);
                PDFAParser parser = Foundries.defaultInstance().createParser(in, asked);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(asked, false)) {
            ValidationResult result = validator.validate(parser);
            List<String> broken = result.getTestAssertions().stream()
                    .filter(assertion -> assertion.getStatus() == TestAssertion.Status.FAILED)
                    .map(assertion -> assertion.getRuleId().getClause() + "/" + assertion.getRuleId().getTestNumber() + " "
                            + assertion.getMessage() + " at " + assertion.getLocation().getContext())
                    .limit(20)
                    .toList();
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("compliant", result.isCompliant());
            answer.put("flavour", result.getPDFAFlavour().getId());
            answer.put("broken", broken);
            return answer;
        }
    }
}
